import { flock, monotonicMs, unlock } from '#sys';

/** How long a taker puts up with passing readers, in milliseconds. A stopped reader is the only one that stays. */
const READER_PATIENCE = 2_000;

/**
 * Whether another open description holds the lock of `fd` exclusively.
 *
 * Takes the lock shared for a moment, which is no state of a pod; `fd` must not hold it already.
 */
export function isLocked(fd: number): boolean {
  if (!flock(fd, 'shared')) return true;
  unlock(fd);
  return false;
}

/**
 * Takes the lock of `fd` exclusively; false when another holds it exclusively.
 *
 * A reader that looks at the state at this very moment holds it shared and must not make this fail. What
 * kind of holder it is, a shared attempt of our own tells: it succeeds beside readers and fails beside an
 * owner. So an owner is reported at once and readers are waited for.
 */
export function takeExclusively(fd: number, wait = false): boolean {
  if (wait) return flock(fd, 'exclusive', { wait: true });
  const deadline = monotonicMs() + READER_PATIENCE;
  while (!flock(fd, 'exclusive')) {
    if (isLocked(fd)) return false;
    if (monotonicMs() > deadline) return false;
    // Two takers see each other's shared attempts: unequal pauses let one of them through.
    pause(Math.random() * 2);
  }
  return true;
}

/** Waits, at most so many milliseconds, until nobody holds the lock of `fd` exclusively. */
export function waitUntilUnlocked(fd: number, timeoutMs?: number): boolean {
  if (timeoutMs === undefined) {
    flock(fd, 'shared', { wait: true });
    unlock(fd);
    return true;
  }
  return poll(timeoutMs, () => !isLocked(fd));
}

/** Asks again and again, after 5 ms first and 50 ms at last, until the answer is true or the time is over. */
export function poll(timeoutMs: number, body: () => boolean): boolean {
  const deadline = monotonicMs() + timeoutMs;
  for (let delay = 5; ; delay = Math.min(delay * 1.5, 50)) {
    if (body()) return true;
    const left = deadline - monotonicMs();
    if (left <= 0) return false;
    pause(Math.min(delay, left));
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps with the thread: here nothing else is to be done, and signals keep their default effect. */
export function pause(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds);
}
