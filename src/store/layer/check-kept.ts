import { closeSync } from 'node:fs';
import { selfOf, type StoreContext } from '../context.ts';
import { needsRoot } from '../privilege.ts';
import { StoreError } from '../store-error.ts';
import { makeTemporaryDirectory } from '../temporary.ts';
import type { LayerDigest } from '../types.ts';
import { startUnpacker } from '../unpack/start-unpacker.ts';
import { type KeptLayer, openKeptBlob, readKeptLayer } from './kept-layers.ts';
import { algorithmOf, verifyReport } from './receive-layer.ts';

/** Reads layers that are kept as they came, and verifies them again. @throws {StoreError} `needs-root` where one is unpacked */
export async function checkKeptLayers(context: StoreContext, layers: readonly LayerDigest[]): Promise<'verified'> {
  for (const layer of new Set(layers)) {
    const kept = readKeptLayer(context.layout, layer);
    if (kept === undefined) throw needsRoot();
    await checkKeptLayer(context, kept);
  }
  return 'verified';
}

async function checkKeptLayer(context: StoreContext, kept: KeptLayer): Promise<void> {
  using temporary = makeTemporaryDirectory(context.layout, 'check');
  const inputFd = openKeptBlob(context.layout, kept.diffId);
  if (inputFd === undefined) throw new StoreError('missing-layer', `layer ${kept.diffId} is not in the store`);
  try {
    const request = {
      kind: 'check',
      compression: kept.compression,
      grows: false,
      blobHash: algorithmOf(kept.digest),
      archiveHash: algorithmOf(kept.diffId),
      limits: context.limits,
    } as const;
    verifyReport(kept, await startUnpacker({ self: selfOf(context), lockFd: temporary.lock.fd, inputFd, request }).report);
  } finally {
    closeSync(inputFd);
  }
}
