/**
 * Whether that long has passed since a time of a file, ns. In whole milliseconds, as the clock has them: a file that
 * was changed in this one is as old as nothing.
 */
export function isAsOldAs(since: bigint, milliseconds: number, now = Date.now()): boolean {
  return now >= Number(since / 1_000_000n) + milliseconds;
}
