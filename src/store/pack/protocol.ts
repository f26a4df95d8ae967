/** The hidden first argument by which the program starts itself to pack files. */
export const PACK_COMMAND = '__pack';

/** What to pack; the process's one argument, as JSON. The archive goes to its standard output. */
export interface PackRequest {
  /** Absolute, the top one first. */
  readonly directories: readonly string[];
  /**
   * `layer`: one directory of a layer, whiteouts as OCI has them. `image`: the directories laid over each other, as
   * the app sees them.
   */
  readonly kind: 'layer' | 'image';
  /** `layer`: it hides everything below it. */
  readonly opaqueRoot?: boolean;
  /** `image`: a directory to lay them over each other at; the mount is seen by the process alone. */
  readonly mountAt?: string;
  /** The root's name in the archive. */
  readonly name: string;
  /** A file of root's that comes first: an ACI's manifest. */
  readonly first?: { readonly name: string; readonly text: string };
}
