import { closeSync, constants, existsSync, lstatSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { enableVerity } from '#sys';
import { joinPath, onDisk } from '../tar/entry-path.ts';
import { hashTree } from './tree-hash.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The files beside a tree that say what it was when it was unpacked. */
export interface TreeSeal {
  readonly hash: string;
  /** Is there where the hash is made of what the kernel measures of each file, and not of what is read from it. */
  readonly sealed: string;
}

/**
 * Has the kernel check every read of the files of a tree that has just been unpacked, where the file system can
 * (fs-verity), and writes down what it checks them by.
 *
 * @returns false where it cannot: nothing is written then
 */
export function sealTree(root: string, seal: TreeSeal): boolean {
  if (!sealPlace(root, '')) return false;
  writeFileSync(seal.hash, hashTree(root, 'measured'));
  writeFileSync(seal.sealed, '');
  return true;
}

/** The hash of a tree as it is now, made as the one beside it was. */
export function hashAsSealed(root: string, { sealed }: Pick<TreeSeal, 'sealed'>): string {
  return hashTree(root, existsSync(sealed) ? 'measured' : 'read');
}

/** Whether all regular files at a place and below are sealed, and there is one. */
function sealPlace(root: string, path: string): boolean {
  let sealed = false;
  const visit = (at: string): boolean => {
    const place = onDisk(root, at);
    const stat = lstatSync(place);
    if (stat.isFile()) return (sealed = sealFile(place));
    if (!stat.isDirectory()) return true;
    return readdirSync(place, { encoding: 'buffer' }).every((name) => visit(joinPath(at, name.toString('latin1'))));
  };
  return visit(path) && sealed;
}

function sealFile(place: string | Buffer): boolean {
  const fd = openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    return enableVerity(fd);
  } finally {
    closeSync(fd);
  }
}
