/** What an archive may at most ask of us. Beyond any of these it is refused, by name. */
export interface ArchiveLimits {
  /** Bytes of an entry's name, and of a link's target: PATH_MAX of Linux. */
  readonly pathBytes: number;
  /** Bytes of one component of a name: NAME_MAX of Linux. */
  readonly componentBytes: number;
  /** Bytes of one PAX or GNU long name header. */
  readonly extendedHeaderBytes: number;
  /** Bytes of one extended attribute's value: XATTR_SIZE_MAX of Linux. */
  readonly xattrBytes: number;
  readonly entries: number;
  /** Pieces of one sparse file. */
  readonly sparsePieces: number;
  /** Bytes of the whole archive, uncompressed. */
  readonly unpackedBytes: number;
  /** Uncompressed bytes for one compressed byte, once more than `ratioFromBytes` have come out. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = {
  pathBytes: 4096,
  componentBytes: 255,
  extendedHeaderBytes: 1 << 20,
  xattrBytes: 65536,
  entries: 4_000_000,
  sparsePieces: 1_000_000,
  unpackedBytes: 64 * 2 ** 30,
  ratio: 250,
  ratioFromBytes: 2 ** 30,
};
