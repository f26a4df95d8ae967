import type { Command } from '../command.ts';
import { gcLine } from '../output/gc-text.ts';

/** `rkt gc`: tells of every pod as it comes to it. A pod that cannot be removed is not a failure of gc. */
export const execute: Command = async ({ engine, globals: { debug }, line: { flags }, say }) => {
  const gracePeriodMs = flags.durationMs('grace-period');
  const request = {
    gracePeriodMs,
    expirePreparedMs: flags.durationMs('expire-prepared'),
    markOnly: flags.bool('mark-only'),
  };
  let unsaid: unknown;
  await (await engine()).gc(request, (event) => {
    try {
      say(gcLine(event, { gracePeriodMs, debug }));
    } catch (error) {
      // What cannot be told of a pod is no reason to keep it.
      unsaid ??= error;
    }
  });
  if (unsaid !== undefined) throw unsaid;
  return { exitCode: 0 };
};
