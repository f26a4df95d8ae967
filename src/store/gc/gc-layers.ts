import { basename, join } from 'node:path';
import { listDirectory, unlessMissing } from '#sys';
import type { StoreContext } from '../context.ts';
import { listImageIds, readImageRecord } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { readLayer } from '../layer/held-layers.ts';
import { tryLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { removeDirectory } from '../temporary.ts';
import { gcTrees, layersOfTrees } from './gc-trees.ts';

/** Removes the layers that neither an image nor a tree has and that nobody is gathering an image from. */
export function gcLayers(context: StoreContext, referencedTreeIds: ReadonlySet<string>): void {
  const { layout } = context;
  gcTrees(context, withRendered(layout, referencedTreeIds));
  const names = listDirectory(layout.layers);
  if (names.length > 0) makeStoreDirectory(layout.root, layout.temporary);
  for (const name of names) removeIfUnused(context, join(layout.layers, name));
}

/** Rendered trees are gcTrees' own business: here only the trees of removed layered images are let go. */
function withRendered(layout: CasLayout, referenced: ReadonlySet<string>): Set<string> {
  return new Set([...referenced, ...listDirectory(layout.trees)]);
}

function removeIfUnused(context: StoreContext, directory: string): void {
  // Nobody may unpack the layer anew, or pin it, while it is looked at.
  const unpacking = tryLock(`${join(context.layout.temporary, `layer-${basename(directory)}`)}.lock`, 'file', 'exclusive');
  if (unpacking === undefined) return;
  try {
    const lock = unlessMissing(() => tryLock(directory, 'directory', 'exclusive'));
    if (lock === undefined) return;
    if (!isUsed(context.layout, readLayer(directory))) removeDirectory(context.layout, directory);
    lock.release();
  } finally {
    unpacking.release();
  }
}

function isUsed(layout: CasLayout, diffId: string | undefined): boolean {
  if (diffId === undefined) return false;
  if (layersOfTrees(layout).has(diffId)) return true;
  return listImageIds(layout).some((id) => readImageRecord(layout, id)?.layers?.some((layer) => layer === diffId));
}
