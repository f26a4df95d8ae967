import { basename, join } from 'node:path';
import { listDirectory, unlessMissing } from '#sys';
import type { StoreContext } from '../context.ts';
import type { CasLayout } from '../layout.ts';
import { readLayer } from '../layer/held-layers.ts';
import { tryLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { removeDirectory } from '../temporary.ts';
import { gcKeptLayers } from './gc-kept-layers.ts';
import { gcTrees } from './gc-trees.ts';
import { isLayerUsed, unlessUnpacking } from './layer-use.ts';

/** Removes the layers that neither an image nor a tree has and that nobody is gathering an image from. */
export function gcLayers(context: StoreContext, referencedTreeIds: ReadonlySet<string>): void {
  const { layout } = context;
  gcTrees(context, withRendered(layout, referencedTreeIds));
  const names = listDirectory(layout.layers);
  if (names.length > 0) makeStoreDirectory(layout.root, layout.temporary);
  for (const name of names) removeIfUnused(context, join(layout.layers, name));
  gcKeptLayers(context);
}

/** Rendered trees are gcTrees' own business: here only the trees of removed layered images are let go. */
function withRendered(layout: CasLayout, referenced: ReadonlySet<string>): Set<string> {
  return new Set([...referenced, ...listDirectory(layout.trees)]);
}

function removeIfUnused(context: StoreContext, directory: string): void {
  unlessUnpacking(context, basename(directory), () => {
    const lock = unlessMissing(() => tryLock(directory, 'directory', 'exclusive'));
    if (lock === undefined) return;
    if (!isLayerUsed(context.layout, readLayer(directory))) removeDirectory(context.layout, directory);
    lock.release();
  });
}
