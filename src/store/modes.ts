import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookupGroup } from '#sys';

const GROUP = 'rkt';
/** Unpacked files may be setuid: nobody but root may get at them by a path. */
const ROOT_ONLY = new Set(['tree', 'layer']);

/**
 * Makes a directory of the store and those above it, as rkt does: 2770 and of group rkt where there is such a
 * group, else 0750; 0700 for what holds unpacked files.
 */
export function makeStoreDirectory(cas: string, path: string): void {
  if (existsSync(path)) return;
  if (path !== cas) makeStoreDirectory(cas, dirname(path));
  else mkdirSync(dirname(path), { recursive: true });
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  if ([...ROOT_ONLY].some((name) => path === join(cas, name))) return;
  const group = lookupGroup(GROUP);
  if (group !== undefined && process.geteuid?.() === 0) chownSync(path, 0, group);
  chmodSync(path, group === undefined ? 0o750 : 0o2770);
}

/** The mode of a file of the store: the group may write where the directories are rkt's. */
export const FILE_MODE = 0o660;
