import { chmodSync, lchownSync, type Stats } from 'node:fs';
import { getXattr, type IdRange, listXattrs, mapAttributeIds, namesIds, outsideId, setXattr, walkTree } from '#sys';

const SET_ID = 0o6000;

/**
 * Gives a tree that nobody uses yet to the users of a user namespace: each file's owner and group, and the
 * ids in its attributes, become what they are outside.
 */
export function shiftOwners(directory: string, users: IdRange): void {
  const seen = new Set<string>();
  for (const { path, stat } of walkTree(directory)) {
    if (stat.nlink === 1 || stat.isDirectory() || isFirst(seen, stat)) shiftOwner(path, stat, users);
  }
}

/** A file of many names is shifted once. */
function isFirst(seen: Set<string>, { dev, ino }: Stats): boolean {
  const key = `${dev}:${ino}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** chown(2) takes set-user-ID bits and capabilities away. */
function shiftOwner(path: Buffer, stat: Stats, users: IdRange): void {
  const attributes = listXattrs(path).filter(namesIds).map((name) => [name, getXattr(path, name)] as const);
  lchownSync(path, outsideId(users, stat.uid), outsideId(users, stat.gid));
  if (!stat.isSymbolicLink() && (stat.mode & SET_ID) !== 0) chmodSync(path, stat.mode & 0o7777);
  for (const [name, value] of attributes) {
    if (value !== undefined) setXattr(path, name, mapAttributeIds(name, value, (id) => outsideId(users, id)));
  }
}
