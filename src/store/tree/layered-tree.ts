import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StoreContext } from '../context.ts';
import type { CasLayout } from '../layout.ts';
import { lockNow } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { mayUnpack, needsRoot } from '../privilege.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest, Tree } from '../types.ts';

/** The tree of layers that are held: nothing to do but to name them. @throws {StoreError} `missing-layer` */
export function layeredTree(context: StoreContext, treeId: string, layers: readonly LayerDigest[]): Tree {
  pinTree(context, treeId);
  return { id: treeId, lowerDirs: lowerDirsOf(context.layout, layers) };
}

/**
 * A layer that is opaque at its root ends the list: overlayfs has no such mark for a root.
 * The same layer twice counts once, where it covers most: overlayfs refuses a directory that comes again.
 */
function lowerDirsOf(layout: CasLayout, layers: readonly LayerDigest[]): string[] {
  const directories = new Set<string>();
  for (const diffId of layers.toReversed()) {
    const layer = layout.layer(diffId);
    if (!existsSync(layer.diff)) throw mayUnpack() ? new StoreError('missing-layer', `layer ${diffId} is not in the store`) : needsRoot();
    directories.add(layer.diff);
    if (existsSync(layer.opaque)) break;
  }
  return [...directories];
}

/** Keeps gc from a tree until this process ends or becomes another. */
export function pinTree(context: StoreContext, treeId: string): void {
  const path = context.layout.treeLock(treeId);
  if (context.pins.has(path)) return;
  makeStoreDirectory(context.layout.root, dirname(path));
  context.pins.set(path, lockNow(path, 'file', 'shared'));
}
