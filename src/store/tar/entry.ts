/** One file of an archive. Names are bytes: a name need not be UTF-8. */
export interface TarEntry {
  /** As the archive has it, only without a directory's trailing slash. */
  readonly name: Buffer;
  readonly type: EntryType;
  /** The target of a `link` or `symlink`, else empty. */
  readonly linkName: Buffer;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Bytes of the file once unpacked, holes included; 0 for what has no content. */
  readonly size: number;
  readonly sparse: boolean;
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export type EntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** Nanoseconds are 0 to 999,999,999 and count forward, also before 1970. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Who takes what an archive holds, in its order: `entry`, then for a file `data`…, then `endEntry`. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** A piece of the current file's content; `position` is its place in the unpacked file. Valid only during the call. */
  data(piece: Buffer, position: number): void;
  endEntry(): void;
}
