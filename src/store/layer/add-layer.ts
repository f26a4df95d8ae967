import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfOf, type StoreContext } from '../context.ts';
import { layerLayout, type LayerLayout } from '../layout.ts';
import { waitForLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { makeTemporaryDirectory, removeDirectory, type TemporaryDirectory } from '../temporary.ts';
import type { LayerDigest, LayerInput, LayerSource } from '../types.ts';
import type { UnpackSuccess } from '../unpack/protocol.ts';
import { startUnpacker } from '../unpack/start-unpacker.ts';
import { abandon } from './fill.ts';
import { bootId, pinLayer } from './held-layers.ts';
import { PartialFile } from './partial-file.ts';
import { algorithmOf, receiveLayer, type StartReader } from './receive-layer.ts';

/** See {@link Store.addLayer}. */
export async function addLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  if (pinLayer(context, input.diffId)) return abandon(source);
  makeStoreDirectory(context.layout.root, context.layout.temporary);
  const lockFile = context.layout.layerLock(input.diffId);
  using _lock = await waitForLock(lockFile, 'file', 'exclusive');
  try {
    if (pinLayer(context, input.diffId)) return await abandon(source);
    await addLockedLayer(context, input, source);
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function addLockedLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  const partial = new PartialFile(context.layout, input.digest);
  const resumes = typeof source === 'function';
  if (!resumes || (input.size !== undefined && partial.size > input.size)) partial.discard();
  const resumed = partial.size > 0;
  try {
    await unpackLayer(context, input, source, partial);
  } catch (error) {
    if (!resumes) partial.discard();
    // What an earlier download left may be of a power failure: without it all may be well.
    if (!(resumed && partial.size === 0)) throw error;
    await unpackLayer(context, input, source, partial);
  }
  if (!pinLayer(context, input.diffId)) throw new Error(`layer ${input.diffId} vanished after it was unpacked`);
}

async function unpackLayer(context: StoreContext, input: LayerInput, source: LayerSource, partial: PartialFile): Promise<void> {
  using temporary = makeTemporaryDirectory(context.layout, 'layer');
  const layer = prepareDirectory(temporary, input.diffId);
  const success = await receiveLayer(context, input, source, partial, unpackInto(context, input, layer, temporary));
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

function unpackInto(context: StoreContext, input: LayerInput, layer: LayerLayout, { lock }: TemporaryDirectory): StartReader {
  return ({ readFds: [inputFd, growsFd] }) =>
    startUnpacker({
      self: selfOf(context),
      lockFd: lock.fd,
      inputFd,
      growsFd,
      request: {
        kind: 'layer',
        root: layer.diff,
        compression: input.compression,
        grows: true,
        blobHash: algorithmOf(input.digest),
        archiveHash: algorithmOf(input.diffId),
        limits: context.limits,
      },
    });
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
