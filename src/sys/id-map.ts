import { closeSync } from 'node:fs';
import { call, cPath, SysError } from './linux.ts';

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const MOUNT_ATTR_IDMAP = 0x0010_0000n;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/**
 * Lets a directory be seen, at its own place, with the owners that its files have by the map of a user
 * namespace; nothing changes on disk (mount_setattr(2), ID-mapped mounts). Undone by one unmount.
 *
 * To be called in a mount namespace of one's own.
 *
 * @throws {SysError} EINVAL where the file system cannot, ENOSYS where the kernel cannot
 */
export function mapOwners(directory: string, userNamespace: number): void {
  const tree = call('open_tree', directory, AT_FDCWD, cPath(directory), OPEN_TREE_CLONE | O_CLOEXEC);
  try {
    const attributes = Buffer.alloc(32);
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0);
    attributes.writeBigUInt64LE(BigInt(userNamespace), 24);
    call('mount_setattr', directory, tree, '', AT_EMPTY_PATH, attributes, 32n);
    call('move_mount', directory, tree, '', AT_FDCWD, cPath(directory), MOVE_MOUNT_F_EMPTY_PATH);
  } finally {
    closeSync(tree);
  }
}

/** Whether it is the kernel or the file system that has no ID-mapped mounts. */
export function cannotMapOwners(error: unknown): boolean {
  return error instanceof SysError && ['EINVAL', 'ENOSYS', 'EOPNOTSUPP'].includes(error.code);
}
