import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync, openSync, readdirSync, type Stats, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

const MODE = 0o755;

/**
 * Makes the place in a rootfs where a volume is to be mounted, with its parents: of root, mode 0755, whatever
 * the umask (appc spec/ace.md, Volume Setup). What the image has there is kept, but that a file makes room
 * for a directory.
 *
 * @param target absolute in the rootfs, without links
 * @param owner root, as the host sees it
 */
export function makeMountTarget(rootfs: string, target: string, source: Stats, owner: number): void {
  makeDirectories(rootfs, dirname(target), owner);
  const path = rootfs + target;
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFile() === true && source.isDirectory()) unlinkSync(path);
  else if (there !== undefined) return;
  if (source.isDirectory()) return makeDirectory(path, owner);
  closeSync(openSync(path, 'ax', MODE));
  if (owner !== 0) chownSync(path, owner, owner);
}

/** Whether there is a file, or a directory with something in it. */
export function holdsFiles(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (!stat.isDirectory() || readdirSync(path).length > 0);
}

function makeDirectories(rootfs: string, path: string, owner: number): void {
  if (path === '/' || lstatSync(rootfs + path, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectories(rootfs, dirname(path), owner);
  makeDirectory(rootfs + path, owner);
}

function makeDirectory(path: string, owner: number): void {
  mkdirSync(path);
  if (owner !== 0) chownSync(path, owner, owner);
  chmodSync(path, MODE);
}
