import { dirname } from 'node:path';
import type { ImageId } from '#appc';
import type { StoreContext } from './context.ts';
import type { CasLayout } from './layout.ts';
import { lockNow, tryLock } from './locks.ts';
import { makeStoreDirectory } from './modes.ts';

/** Keeps an image that is being taken in from gc until this process ends: nothing else refers to it yet. */
export function useImage({ layout, pins }: StoreContext, id: ImageId): void {
  const path = layout.imageUse(id);
  if (pins.has(path)) return;
  makeStoreDirectory(layout.root, dirname(path));
  pins.set(path, lockNow(path, 'file', 'shared'));
}

/** This process is done with all it has taken in. */
export function endImageUses({ layout, pins }: StoreContext): void {
  const directory = dirname(layout.imageUse('' as ImageId));
  for (const [path, lock] of pins) {
    if (dirname(path) !== directory) continue;
    lock.release();
    pins.delete(path);
  }
}

/** Runs a body unless somebody uses the image; whoever takes it in meanwhile waits. @returns whether it ran */
export function unlessUsed(layout: CasLayout, id: ImageId, body: () => void): boolean {
  const path = layout.imageUse(id);
  makeStoreDirectory(layout.root, dirname(path));
  using lock = tryLock(path, 'file', 'exclusive');
  if (lock === undefined) return false;
  body();
  return true;
}
