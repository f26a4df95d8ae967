import { rmSync } from 'node:fs';
import type { StoreContext } from '../context.ts';
import { waitForLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { mayUnpack } from '../privilege.ts';
import type { LayerDigest, LayerInput, LayerSource } from '../types.ts';
import { abandon } from './fill.ts';
import { holdLayer } from './hold-layer.ts';
import { keepLayer } from './keep-layer.ts';
import { isDamage, readKeptLayer, removeKeptLayer } from './kept-layers.ts';
import { PartialFile } from './partial-file.ts';
import { unpackKeptLayer, unpackLayer } from './unpack-layer.ts';

/** See {@link Store.addLayer}. */
export async function addLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  if (holdLayer(context, input.diffId)) return abandon(source);
  await withLayerLock(context, input.diffId, async () => {
    if (holdLayer(context, input.diffId)) return abandon(source);
    if (mayUnpack() && (await unpackKept(context, input.diffId))) await abandon(source);
    else await addLockedLayer(context, input, source);
    if (!holdLayer(context, input.diffId)) throw new Error(`layer ${input.diffId} vanished after it was taken in`);
  });
}

/** Keeps others, of any process, from taking in a layer. */
export async function withLayerLock<T>({ layout }: StoreContext, diffId: LayerDigest, body: () => Promise<T>): Promise<T> {
  makeStoreDirectory(layout.root, layout.temporary);
  const lockFile = layout.layerLock(diffId);
  using _lock = await waitForLock(lockFile, 'file', 'exclusive');
  try {
    return await body();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** False where another has kept nothing of it, or nothing that is good. */
async function unpackKept(context: StoreContext, diffId: LayerDigest): Promise<boolean> {
  const kept = readKeptLayer(context.layout, diffId);
  if (kept === undefined) return false;
  try {
    await unpackKeptLayer(context, kept);
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    removeKeptLayer(context.layout, diffId);
    return false;
  }
}

async function addLockedLayer(context: StoreContext, input: LayerInput, source: LayerSource): Promise<void> {
  const partial = new PartialFile(context.layout, input.digest);
  const resumes = typeof source === 'function';
  if (!resumes || (input.size !== undefined && partial.size > input.size)) partial.discard();
  const resumed = partial.size > 0;
  const take = mayUnpack() ? unpackLayer : keepLayer;
  try {
    await take(context, input, source, partial);
  } catch (error) {
    if (!resumes) partial.discard();
    // What an earlier download left may be of a power failure: without it all may be well.
    if (!(resumed && partial.size === 0)) throw error;
    await take(context, input, source, partial);
  }
}
