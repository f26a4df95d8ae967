import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getXattr, listXattrs } from '#sys';

/** Path below the root → all there is to know of a file, as one line. */
export type TreeListing = Readonly<Record<string, string>>;

/** What is the same in two trees exactly if they are: type, owner, mode, time, content, target, device, xattrs, hard links. */
export function listTree(root: string): TreeListing {
  const lines: Record<string, string> = {};
  const inodes = new Map<string, string>();
  const visit = (place: Buffer, name: string): void => {
    const stat = lstatSync(place, { bigint: true });
    const names = stat.isDirectory() ? readdirSync(place, { encoding: 'buffer' }).sort(Buffer.compare) : [];
    const first = stat.isDirectory() ? '' : firstName(inodes, `${stat.dev}:${stat.ino}`, name);
    const content = stat.isFile() ? hashOf(place) : stat.isSymbolicLink() ? readlinkSync(place, 'latin1') : '';
    const xattrs = listXattrs(place).sort().map((key) => `${key}=${getXattr(place, key)!.toString('hex')}`);
    const parts = [stat.mode.toString(8), stat.uid, stat.gid, stat.mtimeNs, stat.rdev, content, first, ...xattrs];
    lines[name] = parts.join(' ');
    for (const each of names) visit(Buffer.concat([place, Buffer.from('/'), each]), `${name}/${each.toString('latin1')}`);
  };
  visit(Buffer.from(root), '');
  return lines;
}

function firstName(inodes: Map<string, string>, key: string, name: string): string {
  const first = inodes.get(key) ?? name;
  inodes.set(key, first);
  return first;
}

function hashOf(place: Buffer): string {
  return createHash('sha256').update(readFileSync(place)).digest('hex');
}

/** What differs between two trees: a line for each file and side, and so nothing where they are the same. */
export function diffTrees(actual: TreeListing, expected: TreeListing): string[] {
  const names = [...new Set([...Object.keys(actual), ...Object.keys(expected)])].sort();
  const differing = names.filter((name) => actual[name] !== expected[name]);
  return differing.flatMap((name) => [`${name || '/'}: is ${actual[name]}`, `${name || '/'}: should be ${expected[name]}`]);
}
