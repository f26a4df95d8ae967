import { chmodSync, chownSync, closeSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfOf, type StoreContext } from '../context.ts';
import { layerLayout, type LayerLayout } from '../layout.ts';
import { makeStoreDirectory } from '../modes.ts';
import { makeTemporaryDirectory, removeDirectory, type TemporaryDirectory } from '../temporary.ts';
import { sealTree } from '../tree/seal-tree.ts';
import type { LayerDigest, LayerInput, LayerSource } from '../types.ts';
import type { UnpackSuccess } from '../unpack/protocol.ts';
import { startUnpacker, type Unpacker } from '../unpack/start-unpacker.ts';
import { bootId } from './held-layers.ts';
import { type KeptLayer, openKeptBlob } from './kept-layers.ts';
import type { PartialFile } from './partial-file.ts';
import { algorithmOf, receiveLayer, verifyReport } from './receive-layer.ts';

/** Unpacks a layer while it arrives. Its lock is held. */
export async function unpackLayer(context: StoreContext, input: LayerInput, source: LayerSource, partial: PartialFile): Promise<void> {
  await intoPlace(context, input, (start) =>
    receiveLayer(context, input, source, partial, ({ readFds: [inputFd, growsFd] }) => start(inputFd, growsFd)),
  );
  partial.discard();
}

/**
 * Unpacks a layer that was kept as it came, whose lock is held. The kept file stays, until the layer is durable.
 *
 * @throws {StoreError} what is wrong with it
 */
export async function unpackKeptLayer(context: StoreContext, kept: KeptLayer): Promise<void> {
  const fd = openKeptBlob(context.layout, kept.diffId);
  if (fd === undefined) throw new Error(`the file of layer ${kept.diffId} vanished`);
  try {
    await intoPlace(context, kept, async (start) => verifyReport(kept, await context.withUnpacker(() => start(fd).report)));
  } finally {
    closeSync(fd);
  }
}

type Start = (inputFd: number, growsFd?: number) => Unpacker;

async function intoPlace(context: StoreContext, input: LayerInput, unpack: (start: Start) => Promise<UnpackSuccess>): Promise<void> {
  using temporary = makeTemporaryDirectory(context.layout, 'layer');
  const layer = prepareDirectory(temporary, input.diffId);
  const success = await unpack((inputFd, growsFd) => startUnpacker({
    self: selfOf(context),
    lockFd: temporary.lock.fd,
    inputFd,
    ...(growsFd === undefined ? {} : { growsFd }),
    request: {
      kind: 'layer',
      root: layer.diff,
      compression: input.compression,
      grows: growsFd !== undefined,
      blobHash: algorithmOf(input.digest),
      archiveHash: algorithmOf(input.diffId),
      limits: context.limits,
    },
  }));
  sealTree(layer.diff, layer);
  putInPlace(context, input, layer, success);
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
