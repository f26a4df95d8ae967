import { parseDurationMs } from '#appc';
import { badRequest } from '../cli-error.ts';

const TIME = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?$/;

/** A time, or how long ago, as logs have times: `2026-11-25T21:02:26.123456789Z`. */
export function parseSince(text: string, now: bigint): string {
  const ago = parseDurationMs(text);
  const time = ago !== undefined ? new Date(Number(now / 1_000_000n) - ago) : TIME.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw badRequest(`--since takes a duration as 10m, or a time as 2026-11-25T21:02:26Z, not ${JSON.stringify(text)}`);
  return time.toISOString().replace('Z', '000000Z');
}
