import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfOf, type StoreContext } from '../context.ts';
import { layerLayout, type LayerLayout } from '../layout.ts';
import { waitForLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { makeTemporaryDirectory, removeDirectory, type TemporaryDirectory } from '../temporary.ts';
import type { LayerDigest, LayerInput, LayerSource } from '../types.ts';
import type { HashName, UnpackReport, UnpackSuccess } from '../unpack/protocol.ts';
import { startUnpacker, type Unpacker } from '../unpack/start-unpacker.ts';
import { abandon, feedLayer } from './feed.ts';
import { bootId, pinLayer } from './held-layers.ts';
import { PartialFile } from './partial-layer.ts';

/** See {@link Store.addLayer}. */
export async function addLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  if (pinLayer(context, input.diffId)) return abandon(source);
  makeStoreDirectory(context.layout.root, context.layout.temporary);
  const lockFile = context.layout.layerLock(input.diffId);
  using _lock = await waitForLock(lockFile, 'file', 'exclusive');
  try {
    if (pinLayer(context, input.diffId)) return await abandon(source);
    await context.withUnpacker(() => addLockedLayer(context, input, source));
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function addLockedLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  const partial = new PartialFile(context.layout, input.digest);
  const resumed = partial.size > 0;
  try {
    await unpackLayer(context, input, source, partial);
  } catch (error) {
    // What an earlier download left may be of a power failure: without it all may be well.
    if (!(resumed && typeof source === 'function' && partial.size === 0)) throw error;
    await unpackLayer(context, input, source, partial);
  } finally {
    partial.close();
  }
  if (!pinLayer(context, input.diffId)) throw new Error(`layer ${input.diffId} vanished after it was unpacked`);
}

async function unpackLayer(
  context: StoreContext,
  input: LayerInput,
  source: LayerSource,
  partial: PartialFile,
): Promise<void> {
  using temporary = makeTemporaryDirectory(context.layout, 'layer');
  const layer = prepareDirectory(temporary, input.diffId);
  const unpacker = start(context, input, layer, temporary);
  let report: UnpackReport;
  try {
    await feedLayer(input, source, partial, unpacker.input!);
    report = await unpacker.report;
  } catch (error) {
    unpacker.kill();
    await unpacker.report;
    if (error instanceof StoreError) partial.discard();
    throw withoutSpace(error, input, partial);
  }
  const success = verify(input, report, partial);
  putInPlace(context, input, layer, success);
  partial.discard();
}

function prepareDirectory(temporary: TemporaryDirectory, diffId: LayerDigest): LayerLayout {
  const layer = layerLayout(join(temporary.path, 'layer'));
  mkdirSync(layer.directory, { mode: 0o700 });
  writeFileSync(layer.boot, `${bootId()}\n`);
  writeFileSync(layer.id, `${diffId}\n`);
  makeRootDirectory(layer.diff);
  return layer;
}

/** An empty root file system: 0755 and root's, whatever the directory above hands down. */
export function makeRootDirectory(path: string): void {
  mkdirSync(path);
  if (process.geteuid?.() === 0) chownSync(path, 0, 0);
  chmodSync(path, 0o755);
}

function start(context: StoreContext, input: LayerInput, layer: LayerLayout, temporary: TemporaryDirectory): Unpacker {
  return startUnpacker({
    self: selfOf(context),
    lockFd: temporary.lock.fd,
    request: {
      kind: 'layer',
      root: layer.diff,
      compression: input.compression,
      blobHash: algorithmOf(input.digest),
      archiveHash: algorithmOf(input.diffId),
      limits: context.limits,
    },
  });
}

function algorithmOf(digest: LayerDigest): HashName {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** Bytes that were wrong once will be wrong again: they are forgotten, whatever was wrong. */
function verify(input: LayerInput, report: UnpackReport, partial: PartialFile): UnpackSuccess {
  const problem = problemOf(input, report);
  if (problem === undefined) return report as UnpackSuccess;
  if (problem.code !== 'unpack-failed') partial.discard();
  throw problem;
}

function problemOf(input: LayerInput, report: UnpackReport): StoreError | undefined {
  const name = `layer ${input.digest}`;
  if (!report.ok) return unpackError(name, report);
  if (input.size !== undefined && report.blobSize !== input.size) {
    return new StoreError('size-mismatch', `${name} has ${report.blobSize} bytes, not ${input.size}`);
  }
  if (report.blobHex !== hexOf(input.digest)) {
    return new StoreError('digest-mismatch', `${name} does not have that digest`);
  }
  if (report.archiveHex !== hexOf(input.diffId)) {
    return new StoreError('digest-mismatch', `${name} unpacked does not have the diff ID ${input.diffId}`);
  }
  return undefined;
}

/** The error of an unpacker, as the user of the store sees it. */
export function unpackError(what: string, report: UnpackReport & { ok: false }): StoreError {
  const hint = report.code === 'no-space' ? { hint: 'free some space, with "rkt gc" and "rkt image gc" say, and try again' } : {};
  return new StoreError(report.code, `cannot unpack ${what}: ${report.message}`, hint);
}

function withoutSpace(error: unknown, input: LayerInput, partial: PartialFile): unknown {
  const { code } = error as { code?: string };
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  partial.discard();
  return unpackError(`layer ${input.digest}`, { ok: false, code: 'no-space', message: 'no space left on device' });
}

function hexOf(digest: LayerDigest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function putInPlace(context: StoreContext, input: LayerInput, layer: LayerLayout, report: UnpackSuccess): void {
  writeFileSync(layer.size, `${report.archiveSize}\n`);
  if (report.opaqueRoot) writeFileSync(layer.opaque, '');
  const { root, layers } = context.layout;
  const place = context.layout.layer(input.diffId).directory;
  makeStoreDirectory(root, layers);
  // Only one that cannot be believed can be there: we hold the layer's lock.
  removeDirectory(context.layout, place);
  renameSync(layer.directory, place);
}
