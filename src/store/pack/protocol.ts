import type { IdRange } from '#sys';
import type { Self } from '../confinement.ts';
import type { WireXattrs } from './trusted-xattrs.ts';

/** The hidden first argument by which the program starts itself to pack files. */
export const PACK_COMMAND = '__pack';
/** That by which the packing process becomes the confined one that reads them. */
export const ARCHIVE_COMMAND = '__archive';

/** What to pack: JSON, on the process's standard input. The archive goes to its standard output. */
export interface PackRequest extends Archived {
  /** Absolute, the top one first. */
  readonly directories: readonly string[];
  /** A directory on the store's file system, to lay them over each other at: the mount is seen by the process alone. */
  readonly scratch: string;
  readonly self: Self;
}

/** How files become an archive. */
export interface Archived {
  /**
   * `layer`: one directory of a layer, whiteouts as OCI has them. `image`: the directories laid over each other, as
   * the app sees them.
   */
  readonly kind: 'layer' | 'image';
  /** `layer`: it hides everything below it. */
  readonly opaqueRoot?: boolean;
  /** The root's name in the archive. */
  readonly name: string;
  /** A file of root's that comes first: an ACI's manifest. */
  readonly first?: { readonly name: string; readonly text: string };
  /** Owners in the range become what they are in its user namespace. */
  readonly users?: IdRange;
}

/** What the confined process is to do: JSON, in the file whose descriptor is its one argument. */
export interface ArchiveRequest extends Archived {
  readonly root: string;
  readonly trusted: WireXattrs;
}
