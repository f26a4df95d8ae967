import type { IdRange } from '#sys';
import { PodError } from './errors.ts';

const MAX_ID = 0xffff_fffe;

/** The users of a pod with a user namespace of its own, as its file and the stage1 argument have it: `SHIFT:COUNT`. */
export function renderIdRange({ shift, count }: IdRange): string {
  return `${shift}:${count}`;
}

/** @throws {PodError} 'bad-private-users' */
export function parseIdRange(text: string): IdRange {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text.trim());
  const [shift, count] = [Number(match?.[1]), Number(match?.[2])];
  // A shift of 0 would make the pod's root that of the host.
  if (match !== null && shift > 0 && count > 0 && shift + count - 1 <= MAX_ID) return { shift, count };
  throw new PodError('bad-private-users', `"${text.trim()}" is not a range of users, SHIFT:COUNT`);
}
