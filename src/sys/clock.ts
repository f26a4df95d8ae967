/** Milliseconds of a clock that never jumps. `performance`, which has the same, loads modules of Node's for a millisecond. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
