import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listDirectory, type Lock, lockPath, unlessMissing } from '#sys';
import type { CasLayout } from './layout.ts';
import { tryLock } from './locks.ts';
import { makeStoreDirectory } from './modes.ts';
import { mayUnpack } from './privilege.ts';

/** A directory that is this process's own while its lock is held; gone when it is disposed of. */
export interface TemporaryDirectory extends Disposable {
  readonly path: string;
  readonly lock: Lock;
}

export function makeTemporaryDirectory(layout: CasLayout, purpose: string): TemporaryDirectory {
  const place = mayUnpack() ? layout.private : layout.temporary;
  makeStoreDirectory(layout.root, place);
  for (;;) {
    const path = mkdtempSync(join(place, `${purpose}-`));
    // Between mkdir and flock another process's gc may have taken it for a leftover.
    const lock = unlessMissing(() => tryLock(path, 'directory', 'exclusive'));
    if (lock === undefined) continue;
    return {
      path,
      lock,
      [Symbol.dispose](): void {
        rmSync(path, { recursive: true, force: true });
        lock.release();
      },
    };
  }
}

/**
 * Removes a directory, however big, so that it is gone at once: by a rename to where unfinished work is, and only then
 * its content. A process killed meanwhile leaves a leftover for gc. Nothing happens where it is not there.
 */
export function removeDirectory(layout: CasLayout, path: string): void {
  buryDirectory(layout, path)?.[Symbol.dispose]();
}

/** The first half of {@link removeDirectory}: the name is free; the content goes with the disposal. */
export function buryDirectory(layout: CasLayout, path: string): Disposable | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const grave = makeTemporaryDirectory(layout, 'removed');
  try {
    renameSync(path, join(grave.path, 'it'));
  } catch (error) {
    grave[Symbol.dispose]();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return grave;
}

/** Partial downloads are kept so long, since they spare a download begun again. */
const PARTIAL_KEPT_MS = 24 * 3600 * 1000;

/** Removes what killed processes left: all that nobody has locked. */
export function removeLeftovers(layout: CasLayout, now = Date.now()): void {
  for (const place of [layout.temporary, ...(mayUnpack() ? [layout.private] : [])]) removeLeftoversIn(place, now);
}

function removeLeftoversIn(directory: string, now: number): void {
  for (const name of listDirectory(directory)) {
    const path = join(directory, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (name.endsWith('.partial') && now - stat.mtimeMs < PARTIAL_KEPT_MS) continue;
    removeUnlocked(path, stat.isDirectory() ? 'directory' : 'file');
  }
}

function removeUnlocked(path: string, kind: 'directory' | 'file'): void {
  using lock = unlessMissing(() => lockPath(path, kind, 'exclusive'));
  if (lock !== undefined) rmSync(path, { recursive: true, force: true });
}
