import type { ArchiveLimits } from '../tar/limits.ts';
import { isStoreErrorCode, type StoreErrorCode } from '../store-error.ts';
import type { PrivilegedXattr } from './privileged-xattrs.ts';

/** The hidden first argument by which the program re-executes itself to unpack. */
export const UNPACK_COMMAND = '__unpack';

/** Descriptor the child reports on: one line of JSON. */
export const REPORT_FD = 3;
/** Descriptor of the temporary directory's lock, which the child keeps as long as it lives. */
export const LOCK_FD = 4;

export type HashName = 'sha256' | 'sha512';

/** Descriptor of the file that an inspected ACI is copied into, uncompressed. */
export const COPY_FD = 5;

/** Descriptor of the pipe that tells an unpacking child when its archive has grown. */
export const GROWS_FD = 5;

/** What the child is asked to do; its one argument, as JSON. The archive is the file that is its standard input. */
export type ChildRequest = UnpackRequest | CheckRequest | InspectRequest;

/** To read an ACI, a file, without unpacking it: nothing is known of its compression. */
export interface InspectRequest {
  readonly kind: 'inspect';
  readonly limits: ArchiveLimits;
}

/** To read a layer without unpacking it: only its hashes are wanted, and whether it is an archive. */
export interface CheckRequest extends ReadRequest {
  readonly kind: 'check';
}

export interface UnpackRequest extends ReadRequest {
  /** `layer`: whiteouts are turned into overlayfs's. `aci`: only what is below `rootfs/`, and no whiteouts. */
  readonly kind: 'layer' | 'aci';
  /** The directory to unpack into; it exists and is empty, or holds the images below this one. */
  readonly root: string;
  /** `aci`: the only paths to keep, without a leading slash; absent: all. */
  readonly keep?: readonly string[];
  /** Devices are left out: root of a user namespace cannot make any. */
  readonly withoutDevices?: boolean;
}

interface ReadRequest {
  readonly compression: Compression;
  /** Whether the archive is still being written. */
  readonly grows: boolean;
  /** Of the bytes as they come; absent: not needed. */
  readonly blobHash?: HashName;
  /** Of the uncompressed bytes. */
  readonly archiveHash?: HashName;
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
  /** What is left to be set by one who may. */
  readonly privileged: readonly PrivilegedXattr[];
  /** Of an inspected ACI: its image manifest. */
  readonly manifestText?: string;
}

export interface UnpackFailure {
  readonly ok: false;
  readonly code: StoreErrorCode;
  readonly message: string;
}

const HEX = /^[0-9a-f]{64,128}$/;

/**
 * What a child reports; undefined where it was killed before it could write its line, or wrote what is no report.
 * It may have been taken over by its archive, so every field is checked.
 */
export function parseReport(text: string): UnpackReport | undefined {
  if (!text.endsWith('\n')) return undefined;
  try {
    return checkReport(JSON.parse(text) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

function checkReport(json: Record<string, unknown>): UnpackReport | undefined {
  if (json['ok'] === true) return isSuccess(json) ? json : undefined;
  const { code, message } = json;
  if (!isStoreErrorCode(code) || typeof message !== 'string') return undefined;
  // It goes to a terminal.
  return { ok: false, code, message: message.slice(0, 4096).replace(/[\p{Cc}\p{Cf}]/gu, '?') };
}

function isSuccess(json: Record<string, unknown>): json is Record<string, unknown> & UnpackSuccess {
  const { blobHex, blobSize, archiveHex, archiveSize, opaqueRoot, privileged, manifestText } = json;
  return (
    [blobSize, archiveSize].every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
    [blobHex, archiveHex].every((hex) => hex === undefined || (typeof hex === 'string' && HEX.test(hex))) &&
    (manifestText === undefined || typeof manifestText === 'string') &&
    typeof opaqueRoot === 'boolean' &&
    Array.isArray(privileged) &&
    privileged.every(isXattr)
  );
}

function isXattr(value: Partial<PrivilegedXattr> | null): boolean {
  return [value?.path, value?.name, value?.value].every((field) => typeof field === 'string');
}
