import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { syncDirectory } from '#sys';
import { selfOf, type StoreContext } from '../context.ts';
import { makeStoreDirectory } from '../modes.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../temporary.ts';
import type { LayerInput, LayerSource } from '../types.ts';
import { startUnpacker } from '../unpack/start-unpacker.ts';
import { writeKeptLayer } from './kept-layers.ts';
import type { PartialFile } from './partial-file.ts';
import { algorithmOf, receiveLayer, type StartReader } from './receive-layer.ts';

/**
 * Takes in a layer without unpacking it, which takes root: it is verified as it comes, and kept as it came.
 *
 * The blob is durable before it gets its name, and its description, by which it is held, comes last.
 */
export async function keepLayer(context: StoreContext, input: LayerInput, source: LayerSource, partial: PartialFile): Promise<void> {
  const { layout } = context;
  using temporary = makeTemporaryDirectory(layout, 'keep');
  const { archiveSize, blobSize } = await receiveLayer(context, input, source, partial, checkOnly(context, input, temporary));
  const { blob, description } = layout.keptLayer(input.diffId);
  makeStoreDirectory(layout.root, layout.keptLayers);
  rmSync(description, { force: true });
  const fd = openSync(partial.path, 'r');
  fsyncSync(fd);
  closeSync(fd);
  renameSync(partial.path, blob);
  syncDirectory(layout.keptLayers);
  const { diffId, digest, compression } = input;
  writeKeptLayer(layout, { diffId, digest, size: blobSize, compression, archiveSize });
}

function checkOnly(context: StoreContext, input: LayerInput, { lock }: TemporaryDirectory): StartReader {
  return ({ readFds: [inputFd, growsFd] }) =>
    startUnpacker({
      self: selfOf(context),
      lockFd: lock.fd,
      inputFd,
      growsFd,
      request: {
        kind: 'check',
        compression: input.compression,
        grows: true,
        blobHash: algorithmOf(input.digest),
        archiveHash: algorithmOf(input.diffId),
        limits: context.limits,
      },
    });
}
