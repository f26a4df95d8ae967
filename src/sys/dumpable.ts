import { call } from './linux.ts';

const PR_SET_DUMPABLE = 4;

/** Keeps other processes of the same user out of this one's memory, and its memory out of core files (prctl(2)). */
export function makeUndumpable(): void {
  call('prctl', '', PR_SET_DUMPABLE, 0n, 0n, 0n, 0n);
}
