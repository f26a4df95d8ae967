import { join } from 'node:path';
import type { StoreContext } from '../context.ts';
import { listImageIds, readImageRecord } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { tryLock } from '../locks.ts';
import { layersOfTrees } from './gc-trees.ts';

/** Runs a body while nobody may take in or pin the layer of that name anew; not at all where someone is at it. */
export function unlessUnpacking({ layout }: StoreContext, name: string, body: () => void): void {
  using lock = tryLock(`${join(layout.temporary, `layer-${name}`)}.lock`, 'file', 'exclusive');
  if (lock !== undefined) body();
}

/** Whether an image or a tree has a layer. */
export function isLayerUsed(layout: CasLayout, diffId: string | undefined): boolean {
  if (diffId === undefined) return false;
  if (layersOfTrees(layout).has(diffId)) return true;
  return listImageIds(layout).some((id) => readImageRecord(layout, id)?.layers?.some((layer) => layer === diffId));
}
