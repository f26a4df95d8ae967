import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { listImageIds, readImageRecord } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { tryLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { listBlobIds } from '../rebuild-index.ts';

/** Removes the blobs and manifests of images whose removal or import was killed half-way. */
export function gcBlobs(layout: CasLayout): void {
  const held = new Set(listImageIds(layout));
  for (const id of listBlobIds(layout)) {
    if (held.has(id)) continue;
    makeStoreDirectory(layout.root, dirname(layout.imageLock(id)));
    using lock = tryLock(layout.imageLock(id), 'file', 'exclusive');
    // Who imports it just now holds its lock.
    if (lock === undefined || readImageRecord(layout, id) !== undefined) continue;
    for (const path of [layout.manifest(id), layout.blob(id), layout.imageLock(id)]) rmSync(path, { force: true });
  }
}
