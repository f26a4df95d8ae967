import type { Pod } from '#pod';
import { Stage0Error } from './error.ts';

/** Words of rkt, of which different commands have different ones. */
type Words = 'is not running' | "isn't currently running";

/** @throws {Stage0Error} pod-not-running, with the state it is in */
export function requireRunning(pod: Pod, words: Words = "isn't currently running"): void {
  if (pod.state === 'running') return;
  throw new Stage0Error('pod-not-running', `pod "${pod.uuid}" ${words}`, { hint: `it is ${pod.state}` });
}
