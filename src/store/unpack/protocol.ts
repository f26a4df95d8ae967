import type { ArchiveLimits } from '../tar/limits.ts';
import type { StoreErrorCode } from '../store-error.ts';

/** The hidden first argument by which the program re-executes itself to unpack. */
export const UNPACK_COMMAND = '__unpack';

/** Descriptor the child reports on: one line of JSON. */
export const REPORT_FD = 3;
/** Descriptor of the temporary directory's lock, which the child keeps as long as it lives. */
export const LOCK_FD = 4;

export type HashName = 'sha256' | 'sha512';

/** What the child is asked to do; its one argument, as JSON. The archive comes on standard input. */
export interface UnpackRequest {
  /** `layer`: whiteouts are turned into overlayfs's. `aci`: only what is below `rootfs/`, and no whiteouts. */
  readonly kind: 'layer' | 'aci';
  /** The directory to become the root; it exists and is empty, or holds the images below this one. */
  readonly root: string;
  readonly compression: Compression;
  /** Of the bytes as they come; absent: not needed. */
  readonly blobHash?: HashName;
  /** Of the uncompressed bytes. */
  readonly archiveHash?: HashName;
  /** `aci`: the only paths to keep, without a leading slash; absent: all. */
  readonly keep?: readonly string[];
  readonly limits: ArchiveLimits;
}

export type Compression = 'none' | 'gzip' | 'zstd';

export type UnpackReport = UnpackSuccess | UnpackFailure;

export interface UnpackSuccess {
  readonly ok: true;
  readonly blobHex?: string;
  readonly blobSize: number;
  readonly archiveHex?: string;
  readonly archiveSize: number;
  /** The layer hides everything below its root. */
  readonly opaqueRoot: boolean;
}

export interface UnpackFailure {
  readonly ok: false;
  readonly code: StoreErrorCode;
  readonly message: string;
}

/** @throws where the child was killed before it could write its line */
export function parseReport(text: string): UnpackReport | undefined {
  if (!text.endsWith('\n')) return undefined;
  return JSON.parse(text) as UnpackReport;
}
