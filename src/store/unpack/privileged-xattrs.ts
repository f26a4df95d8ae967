import { lstatSync } from 'node:fs';
import { opaqueXattr, setXattr } from '#sys';
import { StoreError } from '../store-error.ts';
import { type EntryPath, onDisk } from '../tar/entry-path.ts';
import { isTrusted } from './metadata.ts';

/** Makes an overlay show nothing of a directory but what its own layer has; as an unpacker asks for it. */
export const OPAQUE_XATTR = 'trusted.overlay.opaque';
const OPAQUE_VALUE = Buffer.from('y').toString('base64');

/** An extended attribute whose setting takes CAP_SYS_ADMIN, which the unpacking process has not. */
export interface PrivilegedXattr {
  /** Below the root of the tree. */
  readonly path: EntryPath;
  readonly name: string;
  /** Base64. */
  readonly value: string;
}

/**
 * Sets the attributes that an unpacking process, which has ended, asked for. It may have been taken over by its
 * archive: names are checked, and no symbolic link is followed.
 *
 * @throws {StoreError} `hostile-archive`
 */
export function setPrivilegedXattrs(root: string, xattrs: readonly PrivilegedXattr[]): void {
  for (const { path, name, value } of xattrs) {
    if (name === OPAQUE_XATTR ? value !== OPAQUE_VALUE : !isTrusted(name)) throw refused(path);
    checkWay(root, path);
    set(onDisk(root, path), name === OPAQUE_XATTR ? opaqueXattr() : name, Buffer.from(value, 'base64'));
  }
}

function checkWay(root: string, path: EntryPath): void {
  const components = path === '' ? [] : path.split('/');
  for (const [index, component] of components.entries()) {
    if (component === '' || component === '.' || component === '..' || component.includes('\0')) throw refused(path);
    if (index === components.length - 1) return;
    const parent = onDisk(root, components.slice(0, index + 1).join('/'));
    if (lstatSync(parent, { throwIfNoEntry: false })?.isDirectory() !== true) throw refused(path);
  }
}

function set(place: string | Buffer, name: string, value: Buffer): void {
  try {
    setXattr(place, name, value);
  } catch (error) {
    const { code } = error as { code?: string };
    const isLost = code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'EPERM';
    if (name === opaqueXattr() || !isLost) throw error;
  }
}

function refused(path: EntryPath): StoreError {
  return new StoreError('hostile-archive', `the unpacker asked for an attribute it may not set, of ${JSON.stringify(path)}`);
}
