import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Lock, listDirectory } from '#sys';
import type { StoreContext } from '../context.ts';
import { listImageIds, readImageRecord } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { tryLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { buryDirectory } from '../temporary.ts';
import { listTreeRecords, readTreeRecord, removeTreeRecord } from '../tree/tree-records.ts';

/**
 * See {@link Store.gcTrees}. The layers of a held image are all there is of it, so a layered tree goes only when
 * no image has it any more.
 */
export function gcTrees(context: StoreContext, referenced: ReadonlySet<string>): string[] {
  const { layout } = context;
  const ofImages = treesOfLayeredImages(layout);
  const known = new Set([...listDirectory(layout.trees), ...listTreeRecords(layout)]);
  return [...known]
    .filter((treeId) => !referenced.has(treeId) && !ofImages.has(treeId))
    .filter((treeId) => removeTree(layout, treeId))
    .sort();
}

function treesOfLayeredImages(layout: CasLayout): Set<string> {
  const records = listImageIds(layout).flatMap((id) => readImageRecord(layout, id) ?? []);
  return new Set(records.flatMap(({ kind, treeId }) => (kind === 'layers' && treeId !== undefined ? [treeId] : [])));
}

/** False where someone has the tree open. */
export function removeTree(layout: CasLayout, treeId: string): boolean {
  const lock = lockTree(layout, treeId);
  if (lock === undefined) return false;
  let grave: Disposable | undefined;
  try {
    grave = buryDirectory(layout, layout.tree(treeId).directory);
    removeTreeRecord(layout, treeId);
    rmSync(layout.treeLock(treeId), { force: true });
  } finally {
    lock.release();
  }
  grave?.[Symbol.dispose]();
  return true;
}

function lockTree(layout: CasLayout, treeId: string): Lock | undefined {
  const path = layout.treeLock(treeId);
  makeStoreDirectory(layout.root, dirname(path));
  return tryLock(path, 'file', 'exclusive');
}

/** The layers that trees keep, by diff ID. */
export function layersOfTrees(layout: CasLayout): Set<string> {
  return new Set(listTreeRecords(layout).flatMap((treeId) => readTreeRecord(layout, treeId)?.layers ?? []));
}
