import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listDirectory } from '#sys';
import type { StoreContext } from '../context.ts';
import { isLayerDurable } from '../layer/held-layers.ts';
import { readKeptDiffId } from '../layer/kept-layers.ts';
import { tryLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { isLayerUsed, unlessUnpacking } from './layer-use.ts';

/** Removes what was kept of layers that no image has, that are unpacked by now, or that are not whole. */
export function gcKeptLayers(context: StoreContext): void {
  const { root, temporary, keptLayers } = context.layout;
  const names = new Set(listDirectory(keptLayers).flatMap((file) => /^([0-9a-f]{32})\.(?:blob|json)$/.exec(file)?.[1] ?? []));
  if (names.size > 0) makeStoreDirectory(root, temporary);
  for (const name of names) unlessUnpacking(context, name, () => removeIfUnused(context, join(keptLayers, name)));
}

function removeIfUnused({ layout }: StoreContext, path: string): void {
  const [description, blob] = [`${path}.json`, `${path}.blob`];
  // Who gathers an image from it has it locked.
  using lock = existsSync(description) ? tryLock(description, 'file', 'exclusive') : new DisposableStack();
  if (lock === undefined) return;
  const diffId = readKeptDiffId(layout, description);
  if (diffId !== undefined && isLayerUsed(layout, diffId) && !isLayerDurable(layout.layer(diffId), diffId)) return;
  for (const file of [description, blob]) rmSync(file, { force: true });
}
