import { tryCall } from './linux.ts';

/** isatty(3), without the cost of loading node:tty. */
export function isTerminal(fd: number): boolean {
  return tryCall('isatty', fd).result === 1;
}
