import { closeSync, constants, openSync } from 'node:fs';
import { SysError, tryCall } from './linux.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const EAGAIN = 11;
const EINTR = 4;

export type LockMode = 'shared' | 'exclusive';

/**
 * An advisory lock held by an open file description (flock(2)).
 *
 * It is released when every descriptor that shares the description is closed, by whatever means: a
 * process that is killed drops its locks, and one that executes another program may hand them on.
 */
export class Lock implements Disposable {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Closes the descriptor; the second call does nothing. */
  release(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Opens a file or directory to lock it. The descriptor is close-on-exec. @throws ENOENT and the like from open(2) */
export function openForLock(path: string, kind: 'directory' | 'file'): number {
  return kind === 'directory'
    ? openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    : openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o660);
}

/** Takes or converts the lock of an open descriptor. False when another holds it and `wait` is not set. */
export function flock(fd: number, mode: LockMode, options: { wait?: boolean } = {}): boolean {
  const operation = (mode === 'shared' ? LOCK_SH : LOCK_EX) | (options.wait === true ? 0 : LOCK_NB);
  for (;;) {
    const { result, errno } = tryCall('flock', fd, operation);
    if (result === 0) return true;
    if (errno === EINTR) continue;
    if (errno === EAGAIN) return false;
    throw new SysError('flock', errno, `descriptor ${fd}`);
  }
}

/** Gives up the lock of a descriptor that stays open. */
export function unlock(fd: number): void {
  tryCall('flock', fd, LOCK_UN);
}

/**
 * Locks a path, waiting if asked to; undefined when another holds it and `wait` is not set.
 *
 * Waiting blocks the thread: use it only where nothing else needs the event loop.
 */
export function lockPath(
  path: string,
  kind: 'directory' | 'file',
  mode: LockMode,
  options: { wait?: boolean } = {},
): Lock | undefined {
  const fd = openForLock(path, kind);
  try {
    if (flock(fd, mode, options)) return new Lock(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}
