import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { lookupGroup } from '#sys';
import { StoreError } from './store-error.ts';

const GROUP = 'rkt';
/** What root works on, which nobody may put something else in the place of. */
const WORK = 'private';
/** Unpacked files may be setuid: nobody but root may get at them by a path. */
const ROOT_ONLY = new Set(['tree', 'layer', WORK]);

/**
 * Makes a directory of the store and those above it, as rkt does: 2770 and of group rkt where there is such a
 * group, else 0750; 0700 for what holds unpacked files or root's work. The uppermost is sticky: what is in it may be
 * taken away by its owner only.
 *
 * @throws {StoreError} `not-ours` as {@link checkRootOnly}
 */
export function makeStoreDirectory(cas: string, path: string): void {
  if (isRootOnly(cas, path)) checkOwner(path);
  if (existsSync(path)) return;
  if (path !== cas) makeStoreDirectory(cas, dirname(path));
  else mkdirSync(dirname(path), { recursive: true });
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isRootOnly(cas, path)) checkOwner(path);
    return;
  }
  if (isRootOnly(cas, path) && basename(path) !== WORK) return;
  const group = lookupGroup(GROUP);
  if (group !== undefined && process.geteuid?.() === 0) chownSync(path, 0, group);
  chmodSync(path, modeOf(cas, path, group !== undefined));
}

/** What is made in a directory with the set-group-ID bit is the group's, and may be, once it gets its place. */
function modeOf(cas: string, path: string, hasGroup: boolean): number {
  if (!hasGroup) return basename(path) === WORK ? 0o700 : 0o750;
  if (path === cas) return 0o3770;
  return isRootOnly(cas, path) ? 0o2700 : 0o2770;
}

/**
 * Checks, for root, that nobody has put another directory in the place of one that holds unpacked files: what is in
 * them is run.
 *
 * @throws {StoreError} `not-ours`
 */
export function checkRootOnly(cas: string): void {
  for (const name of ROOT_ONLY) checkOwner(`${cas}/${name}`);
}

function isRootOnly(cas: string, path: string): boolean {
  return dirname(path) === cas && ROOT_ONLY.has(basename(path));
}

function checkOwner(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && stat.uid === 0)) return;
  throw new StoreError('not-ours', `${path} is not a directory of root: another has put it there`, {
    hint: 'look what is in it and who made it, and remove it',
  });
}

/** The mode of a file of the store: the group may write where the directories are rkt's. */
export const FILE_MODE = 0o660;
