import { closeSync, constants, existsSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { type Lock, readTextIfExists, unlessMissing, writeFileAtomic } from '#sys';
import type { StoreContext } from '../context.ts';
import { isCount, isLayerDigest } from '../index-texts.ts';
import type { CasLayout } from '../layout.ts';
import { tryLock } from '../locks.ts';
import { FILE_MODE } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest, LayerInput } from '../types.ts';

/**
 * A layer as it came, verified and not unpacked: fetched by one who is not root. Members of the group may write these
 * files, so that root believes nothing of them but what its unpacker finds.
 */
export interface KeptLayer extends LayerInput {
  /** Of the blob. */
  readonly size: number;
  /** Bytes of the uncompressed archive. */
  readonly archiveSize: number;
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Undefined where it is not held, or not whole: the description is written when the blob is there and durable. */
export function readKeptLayer(layout: CasLayout, diffId: LayerDigest): KeptLayer | undefined {
  const { blob, description } = layout.keptLayer(diffId);
  const kept = parseKept(readTextIfExists(description));
  if (kept?.diffId !== diffId) return undefined;
  return statSync(blob, { throwIfNoEntry: false })?.size === kept.size ? kept : undefined;
}

/** Which layer a description is of, if it is held. */
export function readKeptDiffId(layout: CasLayout, description: string): LayerDigest | undefined {
  const diffId = parseKept(readTextIfExists(description))?.diffId;
  return diffId !== undefined && layout.keptLayer(diffId).description === description ? readKeptLayer(layout, diffId)?.diffId : undefined;
}

function parseKept(text: string | undefined): KeptLayer | undefined {
  try {
    const { diffId, digest, size, compression, archiveSize } = JSON.parse(text ?? '') as KeptLayer;
    const known = [diffId, digest].every(isLayerDigest);
    const counts = [size, archiveSize].every(isCount);
    return known && counts && ['none', 'gzip', 'zstd'].includes(compression) ? { diffId, digest, size, compression, archiveSize } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is anything of a kept layer. */
export function isKept(layout: CasLayout, diffId: LayerDigest): boolean {
  const { blob, description } = layout.keptLayer(diffId);
  return existsSync(description) || existsSync(blob);
}

/** Says that a blob in its place is this layer. */
export function writeKeptLayer(layout: CasLayout, kept: KeptLayer): void {
  writeFileAtomic(layout.keptLayer(kept.diffId).description, `${JSON.stringify(kept)}\n`, { mode: FILE_MODE, durable: true });
}

/** The blob, to be read; the caller's to close. Undefined where it is no file. */
export function openKeptBlob(layout: CasLayout, diffId: LayerDigest): number | undefined {
  const fd = unlessMissing(() => openSync(layout.keptLayer(diffId).blob, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (fd === undefined || fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}

/** The description goes first: a blob without one is nobody's. */
export function removeKeptLayer(layout: CasLayout, diffId: LayerDigest): void {
  const { blob, description } = layout.keptLayer(diffId);
  for (const path of [description, blob]) rmSync(path, { force: true });
}

/** Whether a layer is kept; if so gc will not take it while this process lives or until `unpinLayers`. */
export function pinKeptLayer(context: StoreContext, diffId: LayerDigest): boolean {
  const { description } = context.layout.keptLayer(diffId);
  if (readKeptLayer(context.layout, diffId) === undefined) return false;
  if (context.pins.has(description)) return true;
  const lock: Lock | undefined = tryLock(description, 'file', 'shared');
  if (lock === undefined) return false;
  context.pins.set(description, lock);
  // It may have gone before it was locked.
  return readKeptLayer(context.layout, diffId) !== undefined;
}

/** Whether it is the kept file's fault that it could not be unpacked. */
export function isDamage(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code !== 'no-space' && error.code !== 'unpack-failed';
}
