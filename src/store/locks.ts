import { closeSync, fchmodSync, fstatSync, statSync } from 'node:fs';
import { flock, Lock, type LockMode, openForLock } from '#sys';

const POLL_MS = 25;

/**
 * Locks a file or directory that others may remove or rename while one waits; undefined where another holds it.
 *
 * A lock counts only where the path still leads to what was locked.
 */
export function tryLock(path: string, kind: 'directory' | 'file', mode: LockMode): Lock | undefined {
  return lockWhatIsThere(path, kind, mode, false);
}

/** As {@link tryLock}, holding up the whole process: only where others hold the lock for a moment. */
export function lockNow(path: string, kind: 'directory' | 'file', mode: LockMode): Lock {
  return lockWhatIsThere(path, kind, mode, true)!;
}

function lockWhatIsThere(path: string, kind: 'directory' | 'file', mode: LockMode, wait: boolean): Lock | undefined {
  for (;;) {
    const fd = openForLock(path, kind);
    try {
      if (!flock(fd, mode, { wait })) {
        closeSync(fd);
        return undefined;
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (leadsTo(path, fd)) {
      if (kind === 'file') openToGroup(fd);
      return new Lock(fd);
    }
    closeSync(fd);
  }
}

/** As {@link tryLock}, waiting; the event loop goes on, so a process may wait for itself. */
export async function waitForLock(path: string, kind: 'directory' | 'file', mode: LockMode): Promise<Lock> {
  for (;;) {
    const lock = tryLock(path, kind, mode);
    if (lock !== undefined) return lock;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A lock that root made must not keep out the group rkt, whatever the umask. */
function openToGroup(fd: number): void {
  const { mode, uid } = fstatSync(fd);
  if (uid === process.geteuid?.() && (mode & 0o777) !== LOCK_MODE) fchmodSync(fd, LOCK_MODE);
}
const LOCK_MODE = 0o660;

function leadsTo(path: string, fd: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  const locked = fstatSync(fd);
  return now !== undefined && now.ino === locked.ino && now.dev === locked.dev;
}
