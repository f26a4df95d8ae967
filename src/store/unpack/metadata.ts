import { chmodSync, fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import { setTimes, setXattr } from '#sys';
import { hostileEntry, StoreError } from '../store-error.ts';
import type { TarEntry } from '../tar/entry.ts';

type Place = string | Buffer;

const SPECIAL_BITS = 0o7000;

/**
 * Owner, mode, extended attributes and time, in the one order in which none undoes another: chown(2) clears
 * setuid and security.capability, and all of them but the last change nothing of the mtime.
 */
export function applyToFile(fd: number, place: Place, entry: TarEntry): void {
  if (!isOwn(entry)) owned(entry, () => fchownSync(fd, entry.uid, entry.gid));
  if ((entry.mode & SPECIAL_BITS) !== 0) fchmodSync(fd, entry.mode);
  applyXattrs(place, entry);
  if (isPlain(entry.mtime)) futimesSync(fd, entry.mtime.seconds, entry.mtime.seconds);
  else setTimes(place, BigInt(entry.mtime.seconds), entry.mtime.nanoseconds);
}

/** As {@link applyToFile}, for what is not opened: links, nodes, directories. */
export function applyToPlace(place: Place, entry: TarEntry): void {
  if (!isOwn(entry)) owned(entry, () => lchownSync(place, entry.uid, entry.gid));
  if (entry.type !== 'symlink') chmodSync(place, entry.mode);
  applyXattrs(place, entry);
  if (isPlain(entry.mtime)) lutimesSync(place, entry.mtime.seconds, entry.mtime.seconds);
  else setTimes(place, BigInt(entry.mtime.seconds), entry.mtime.nanoseconds);
}

/** A user namespace has not all ids. */
function owned({ name, uid, gid }: TarEntry, change: () => void): void {
  try {
    change();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    throw new StoreError('unpack-failed', `${name.toString()} belongs to ${uid}:${gid}, and this user namespace has not so many ids: see /etc/subuid and /etc/subgid`);
  }
}

/** Node's own calls take whole seconds exactly, and of a time before 1970 make the present. */
function isPlain({ seconds, nanoseconds }: TarEntry['mtime']): boolean {
  return nanoseconds === 0 && seconds >= 0;
}

const OWN_UID = process.geteuid?.() ?? 0;
const OWN_GID = process.getegid?.() ?? 0;

/** A new file already belongs to this process: no directory is setgid while an archive is being unpacked. */
function isOwn(entry: TarEntry): boolean {
  return entry.uid === OWN_UID && entry.gid === OWN_GID;
}

/**
 * Attributes that steer overlayfs or belong to this host, not to an image, are never restored; those of `trusted` need
 * more than this process may do, see {@link trustedXattrs}.
 */
const NOT_RESTORED = /^(?:trusted\.|user\.overlay\.|security\.selinux$|security\.ima$|security\.evm$|system\.nfs4_acl$)/;

function applyXattrs(place: Place, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    if (NOT_RESTORED.test(name)) continue;
    if (name.includes('\0')) throw hostileEntry(entry.name, 'it has an extended attribute with a NUL in its name');
    try {
      setXattr(place, name, value);
    } catch (error) {
      if (!mayBeLost(error, name)) throw error;
    }
  }
}

/** The attributes that only CAP_SYS_ADMIN may set, but for overlayfs's. */
export function trustedXattrs(entry: TarEntry): (readonly [name: string, value: Buffer])[] {
  return [...entry.xattrs].filter(([name]) => isTrusted(name));
}

export function isTrusted(name: string): boolean {
  return /^trusted\.(?!overlay\.)[^\0]+$/.test(name);
}

/** As docker does: what the file system cannot hold, or the kernel allows on no such file, is left out. */
function mayBeLost(error: unknown, name: string): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOTSUP' || code === 'EOPNOTSUPP' || (code === 'EPERM' && name !== 'security.capability');
}
