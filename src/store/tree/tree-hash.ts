import { createHash, type Hash } from 'node:crypto';
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { getXattr, listXattrs, measureVerity } from '#sys';
import { imageIdOfHex } from '../image-id.ts';
import { joinPath, onDisk } from '../tar/entry-path.ts';

const CHUNK = 1 << 20;
/** Attributes that are the host's, not the image's: where SELinux is active every file shows a label. */
const OF_THE_HOST = /^security\.(?:selinux|ima|evm)$/;

/**
 * A hash over all there is to a tree: names, types, modes, owners, modification times, link targets, devices,
 * extended attributes but those of the host, hard links and content. `sha512-` and 64 hex digits.
 *
 * @param content `measured`: what the kernel checks reads of a file by stands for its content, which is not read
 */
export function hashTree(root: string, content: 'read' | 'measured' = 'read'): string {
  const hash = createHash('sha512');
  const links = new Map<string, string>();
  const chunk = content === 'read' ? Buffer.allocUnsafe(CHUNK) : undefined;
  hashPlace(hash, root, '', links, chunk);
  return imageIdOfHex(hash.digest('hex'));
}

function hashPlace(hash: Hash, root: string, path: string, links: Map<string, string>, chunk: Buffer | undefined): void {
  const place = onDisk(root, path);
  const stat = lstatSync(place, { bigint: true });
  hash.update(`${JSON.stringify([path, stat.mode, stat.uid, stat.gid, stat.rdev, stat.mtimeNs].map(String))}\n`);
  if (!stat.isSymbolicLink()) hashXattrs(hash, place);
  if (stat.isDirectory()) {
    const names = readdirSync(place, { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort();
    for (const name of names) hashPlace(hash, root, joinPath(path, name), links, chunk);
  } else if (stat.isSymbolicLink()) hash.update(readlinkSync(place, { encoding: 'buffer' }));
  else if (stat.isFile()) hashFile(hash, place, path, stat, links, chunk);
}

function hashXattrs(hash: Hash, place: string | Buffer): void {
  for (const name of listXattrs(place).filter((name) => !OF_THE_HOST.test(name)).sort()) {
    const value = getXattr(place, name) ?? Buffer.alloc(0);
    hash.update(`${JSON.stringify([name, value.length])}\n`).update(value);
  }
}

function hashFile(
  hash: Hash,
  place: string | Buffer,
  path: string,
  stat: BigIntStats,
  links: Map<string, string>,
  chunk: Buffer | undefined,
): void {
  const inode = `${stat.dev}:${stat.ino}`;
  const first = stat.nlink > 1n ? links.get(inode) : undefined;
  hash.update(`${JSON.stringify([String(stat.size), first ?? null])}\n`);
  if (first !== undefined) return;
  if (stat.nlink > 1n) links.set(inode, path);
  const fd = openSync(place, 'r');
  try {
    if (chunk === undefined) hash.update(measureVerity(fd) ?? 'not sealed');
    else for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) hash.update(chunk.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

/** Bytes that a directory and all in it have, directories included, what is linked twice counted once. */
export function sizeOfTree(root: string): number {
  const seen = new Set<bigint>();
  const walk = (path: string): number => {
    const stat = lstatSync(onDisk(root, path), { bigint: true });
    if (!stat.isDirectory()) {
      if (stat.nlink > 1n && seen.has(stat.ino)) return 0;
      if (stat.nlink > 1n) seen.add(stat.ino);
      return Number(stat.size);
    }
    const names = readdirSync(onDisk(root, path), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    return names.reduce((sum, name) => sum + walk(joinPath(path, name)), Number(stat.size));
  };
  return walk('');
}
