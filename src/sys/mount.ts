import { closeSync, openSync } from 'node:fs';
import { call, cPath, type PathLike, SysError } from './linux.ts';
import { isInUserNamespace } from './rootless.ts';

/** Flags of mount(2) and umount2(2), by their names there. */
export const MS = {
  RDONLY: 0x1n,
  NOSUID: 0x2n,
  NODEV: 0x4n,
  NOEXEC: 0x8n,
  REMOUNT: 0x20n,
  BIND: 0x1000n,
  REC: 0x4000n,
  PRIVATE: 0x40000n,
  SLAVE: 0x80000n,
  SHARED: 0x100000n,
} as const;
export const MNT_DETACH = 2;

const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1n;
const CLONE_NEWNS = 0x00020000;
const CLONE_FS = 0x00000200;
const O_PATH = 0o10000000;
const OWN_MOUNTS = '/proc/thread-self/ns/mnt';

export interface MountRequest {
  readonly source: string;
  readonly target: PathLike;
  readonly type: string;
  readonly flags?: bigint;
  /** File system options, `a=b,c`; the kernel takes at most one page (4,096 bytes) of them. */
  readonly data?: string;
}

/** mount(2). @throws {SysError} */
export function mount(request: MountRequest): void {
  const { source, target, type, flags = 0n, data = '' } = request;
  call('mount', target, source, cPath(target), type, flags, data === '' ? null : data);
}

/** umount2(2). @throws {SysError} */
export function unmount(target: PathLike, flags = 0): void {
  call('umount2', target, cPath(target), flags);
}

/** Makes a mount read-only, `deep` with all that is mounted below it; what else they are they stay (mount_setattr(2)). @throws {SysError} */
export function makeReadOnly(target: string, options: { readonly deep: boolean }): void {
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(MOUNT_ATTR_RDONLY, 0);
  call('mount_setattr', target, AT_FDCWD, cPath(target), options.deep ? AT_RECURSIVE : 0, attributes, 32n);
}

/** Takes away whatever is mounted at a path, and it may be mounted there several times. */
export function unmountAll(target: PathLike): void {
  for (;;) {
    try {
      unmount(target, MNT_DETACH);
    } catch (error) {
      if (error instanceof SysError && (error.code === 'EINVAL' || error.code === 'ENOENT')) return;
      throw error;
    }
  }
}

/**
 * Takes this thread, and all it starts, to the mounts of another process, by the open /proc/PID/ns/mnt. Its working
 * directory is their root afterwards, and only synchronous file calls see them.
 */
export function joinMounts(namespace: number): void {
  call('unshare', 'file system attributes', CLONE_FS);
  call('setns', 'mount namespace', namespace, CLONE_NEWNS);
}

/**
 * Gives this thread, and all it starts or becomes, mounts of its own: the host's later mounts still
 * arrive, its own are seen by nobody else and go when the last process that has them ends.
 *
 * The threads of libuv's pool stay behind, so afterwards only synchronous file calls see the new mounts.
 */
export function unshareMounts(): void {
  call('unshare', 'mount namespace', CLONE_NEWNS | CLONE_FS);
  mount({ source: 'none', target: '/', type: 'none', flags: MS.REC | MS.SLAVE });
}

/**
 * As {@link unshareMounts}, for the time of `body` only, which is synchronous. What it gives takes this thread there again,
 * for good: until then whatever it starts has the host's mounts. Should it end before, the mounts go.
 */
export function prepareOwnMounts(body: () => void): () => void {
  const directory = process.cwd();
  const prepare = (): number => {
    body();
    return openSync(OWN_MOUNTS, 'r');
  };
  const own = visitMounts(unshareMounts, prepare, joinMounts);
  return () => {
    joinMounts(own);
    closeSync(own);
    process.chdir(directory);
  };
}

/**
 * As {@link unshareMounts}, for the time of `body` only, which is synchronous: afterwards its mounts are gone, unless a
 * process it left has them. Without root it is for good, as nobody comes back then.
 */
export function inOwnMounts<T>(body: () => T): T {
  return visitMounts(unshareMounts, body, returnIfAllowed);
}

/** As {@link joinMounts}, for the time of `body` only, which is synchronous. Without root it is for good. */
export function inMounts<T>(namespace: number, body: () => T): T {
  return visitMounts(() => joinMounts(namespace), body, returnIfAllowed);
}

/** The host's mounts are not those of a user namespace. */
function returnIfAllowed(home: number): void {
  try {
    joinMounts(home);
  } catch (error) {
    if (!(isInUserNamespace() && error instanceof SysError && error.code === 'EPERM')) throw error;
  }
}

/** The working directory is kept by its descriptor: it may have been removed. */
function visitMounts<T>(enter: () => void, body: () => T, leave: (home: number) => void): T {
  const directory = openSync('.', O_PATH);
  const home = openSync(OWN_MOUNTS, 'r');
  try {
    enter();
    return body();
  } finally {
    leave(home);
    process.chdir(`/proc/self/fd/${directory}`);
    closeSync(home);
    closeSync(directory);
  }
}
