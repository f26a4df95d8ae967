import { rmSync } from 'node:fs';
import { listDirectory, readTextIfExists, writeFileAtomic } from '#sys';
import { isTreeId, parseTreeRecord } from '../index-texts.ts';
import type { CasLayout } from '../layout.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import type { LayerDigest } from '../types.ts';

/** What the index says of a tree, so that it outlives its image: cas/db/tree/<treeId>.json. */
export interface TreeRecord {
  /** Of a layered tree: the diff IDs, the base first. */
  readonly layers?: readonly LayerDigest[];
  /** Of a rendered tree: bytes on disk, directories and the tree's own files included. */
  readonly size?: number;
}

export function readTreeRecord(layout: CasLayout, treeId: string): TreeRecord | undefined {
  const text = readTextIfExists(layout.treeRecord(treeId));
  return text === undefined ? undefined : parseTreeRecord(text);
}

export function readTreeSize(layout: CasLayout, treeId: string): number | undefined {
  return readTreeRecord(layout, treeId)?.size;
}

export function writeTreeRecord(layout: CasLayout, treeId: string, record: TreeRecord): void {
  makeStoreDirectory(layout.root, layout.treeRecords);
  writeFileAtomic(layout.treeRecord(treeId), `${JSON.stringify(record)}\n`, { mode: FILE_MODE, durable: true });
}

export function removeTreeRecord(layout: CasLayout, treeId: string): void {
  rmSync(layout.treeRecord(treeId), { force: true });
}

export function listTreeRecords(layout: CasLayout): string[] {
  const names = listDirectory(layout.treeRecords).filter((name) => name.endsWith('.json'));
  return names.map((name) => name.slice(0, -'.json'.length)).filter(isTreeId);
}
