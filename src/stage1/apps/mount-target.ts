import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, type Stats, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

const MODE = 0o755;

/**
 * Makes the place in a rootfs where a volume is to be mounted, with its parents: of root, mode 0755, whatever
 * the umask (appc spec/ace.md, Volume Setup). What the image has there is kept, but that a file makes room
 * for a directory.
 *
 * @param target absolute in the rootfs, without links
 */
export function makeMountTarget(rootfs: string, target: string, source: Stats): void {
  makeDirectories(rootfs, dirname(target));
  const path = rootfs + target;
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFile() === true && source.isDirectory()) unlinkSync(path);
  else if (there !== undefined) return;
  if (source.isDirectory()) makeDirectory(path);
  else closeSync(openSync(path, 'ax', MODE));
}

function makeDirectories(rootfs: string, path: string): void {
  if (path === '/' || lstatSync(rootfs + path, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectories(rootfs, dirname(path));
  makeDirectory(rootfs + path);
}

function makeDirectory(path: string): void {
  mkdirSync(path);
  chmodSync(path, MODE);
}
