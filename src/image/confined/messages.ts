import { messageOf, RktError } from '#errors';
import type { DiscoveryOptions, Tag } from '../discovery/discover.ts';
import type { Wanted } from '../discovery/plan-discovery.ts';
import type { HttpPolicy } from '../http/http-client.ts';
import type { LocalForm } from '../local/local-source.ts';
import type { Push } from '../registry/push-image.ts';
import type { RegistryPlace } from '../registry/registry-places.ts';
import type { KeystoreDirs } from '../trust/keystore.ts';
import type { SigstoreRequest } from '../trust/trust-keys.ts';
import { ImageError, type ImageErrorCode } from '../image-error.ts';
import type { InsecureOptions } from '../insecure-options.ts';

/** The hidden first argument by which the program re-executes itself to fetch and to verify. */
export const FETCH_COMMAND = '__fetch';
/** Descriptor of the socket between the two. */
export const LINK_FD = 3;
/** Descriptor of the ACI to be filled or verified. */
export const FILE_FD = 4;
/** Descriptor of the file that a compressed archive is written into. */
export const COPY_FD = 5;
/** Descriptor of the socket by which a worker that pulls is handed the files of layers. */
export const DESCRIPTORS_FD = 5;

/** What a worker is asked to do: the first message. */
export type WorkerRequest =
  | PullRequest
  | DownloadRequest
  | VerifyRequest
  | LocalRequest
  | PushRequest
  | DiscoverRequest
  | DownloadKeyRequest
  | ReadKeysRequest;

export interface PullRequest {
  readonly kind: 'pull-image';
  /** As the user wrote it, without `docker://`. */
  readonly originalName: string;
  readonly insecure: InsecureOptions;
  readonly places: readonly RegistryPlace[];
  readonly keystore: KeystoreDirs;
}

export interface DownloadRequest {
  readonly kind: 'download-aci';
  readonly url: string;
  readonly insecure: InsecureOptions;
  readonly etag?: string;
  readonly signatureUrl?: string;
  /** What the file has already. */
  readonly file: { readonly size: number; readonly validator?: string };
}

export interface VerifyRequest {
  readonly kind: 'verify-aci';
  /** Base64; without one only the manifest is read. */
  readonly signature?: string;
  readonly allowLegacy: boolean;
  readonly keystore: KeystoreDirs;
}

export interface LocalRequest {
  readonly kind: 'read-local';
  /** Undefined: to be recognised by its content. */
  readonly form?: LocalForm;
  /** Names an image that has no name in there; it is not opened. */
  readonly path: string;
  /** For messages. */
  readonly description: string;
  /** What the image is called in there; undefined: there is but one. */
  readonly name?: string;
  /** Of an archive. */
  readonly compression: 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';
  readonly insecure: InsecureOptions;
  readonly keystore: KeystoreDirs;
}

export interface PushRequest extends Push {
  readonly kind: 'push-image';
}

export interface DiscoverRequest {
  readonly kind: 'discover';
  readonly wanted: Wanted;
  readonly tag: Tag;
  readonly options: DiscoveryOptions;
}

export interface DownloadKeyRequest {
  readonly kind: 'download-key';
  readonly url: string;
  readonly policy: HttpPolicy;
}

export interface ReadKeysRequest {
  readonly kind: 'read-keys';
  /** Base64. */
  readonly bytes: string;
  /** For messages. */
  readonly what: string;
  readonly sigstore?: SigstoreRequest;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly type: 'report'; readonly level: 'info' | 'debug'; readonly text: string }
  | { readonly type: 'progress'; readonly id: string; readonly done: number; readonly total?: number }
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly type: 'filled'; readonly filling: number }
  | { readonly type: 'broken'; readonly filling: number; readonly error: WireError }
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'failure'; readonly error: WireError };

/**
 * What a worker is told. `fill` has the bytes of the layer of a call appended to a file, from a position on; file and
 * pipe (see `GrowingLayer`) have been handed over before. Each filling has a number, since one may be begun anew. `stop`
 * says that the bytes are not wanted any more.
 */
export type ParentMessage =
  | WorkerRequest
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: WireError }
  | { readonly type: 'fill'; readonly filling: number; readonly id: number; readonly from: number }
  | { readonly type: 'stop'; readonly filling: number };

export interface WireError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function toWire(thrown: unknown): WireError {
  const { name, code, hint } = thrown as { name?: unknown; code?: unknown; hint?: unknown };
  return {
    name: thrown instanceof RktError ? String(name) : 'Error',
    code: typeof code === 'string' ? code : 'connection-failed',
    message: messageOf(thrown),
    ...(typeof hint === 'string' ? { hint } : {}),
  };
}

export function fromWire(value: unknown): RktError {
  const { name, code, message, hint } = checkObject(value);
  const text = printable(checkText(message));
  const options = hint === undefined ? {} : { hint: printable(checkText(hint)) };
  const known = typeof code === 'string' && /^[a-zA-Z0-9_-]{1,60}$/.test(code) ? code : 'bad-answer';
  if (name === 'ImageError' || name === 'Error') return new ImageError(known as ImageErrorCode, text, options);
  return new RktError(known, text, options);
}

const TEXT_LIMIT = 16 << 10;

export function checkObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw badMessage();
}

export function checkText(value: unknown, limit = TEXT_LIMIT): string {
  if (typeof value === 'string' && value.length <= limit) return value;
  throw badMessage();
}

/** @returns a whole number from 0 on */
export function checkCount(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw badMessage();
}

/** Without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, '?');
}

export function badMessage(): ImageError {
  return new ImageError('bad-answer', 'the process that fetches said what it must not say: it may have been taken over');
}
