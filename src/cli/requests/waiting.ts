import { parseDurationMs } from '#appc';
import { parseBool } from '../flags/values.ts';

/** How long to wait. Milliseconds; `for ever`, or undefined: not at all. */
export type Waiting = number | 'for ever' | undefined;

/** What `--wait` means: a boolean, or a duration of which a negative one has no end; `invalid` for any other text. */
export function parseWaiting(text: string): Waiting | 'invalid' {
  const wanted = text === '' ? true : parseBool(text);
  if (wanted !== undefined) return wanted ? 'for ever' : undefined;
  const duration = parseDurationMs(text);
  if (duration === undefined) return 'invalid';
  if (duration === 0) return undefined;
  return duration < 0 ? 'for ever' : duration;
}
