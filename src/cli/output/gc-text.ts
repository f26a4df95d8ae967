import type { GcEvent, ImageRmResult } from '#stage0';
import { goDuration } from './human.ts';
import { errorText } from './error-text.ts';

/** What a command says while it works or at its end: each line on one of the two streams. */
export interface Said {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

const marked = { exited: 'pod', 'prepare failed': 'failed prepare', 'prepared expired': 'expired prepared pod' } as const;

export function gcLine(event: GcEvent, options: { gracePeriodMs: number; debug: boolean }): Said {
  const said = (text: string): Said => ({ stream: 'stderr', text: `gc: ${text}\n` });
  switch (event.kind) {
    case 'marked': return said(`moving ${marked[event.because]} "${event.uuid}" to garbage`);
    case 'kept': return said(`pod "${event.uuid}" not removed: still within grace period (${goDuration(options.gracePeriodMs)})`);
    case 'removing': return { stream: 'stdout', text: `Garbage collecting pod "${event.uuid}"\n` };
    case 'problem': return { stream: 'stderr', text: errorText(event.error, { command: 'gc', debug: options.debug }) };
  }
}

/** What `image rm` and `image gc` say about images, and whether all went well. */
export function imageRmLines(
  results: readonly ImageRmResult[],
  { command, debug }: { command: string; debug: boolean },
): { said: Said[]; failed: boolean } {
  const said = (text: string): Said => ({ stream: 'stderr', text: `${command}: ${text}\n` });
  const count = (kind: ImageRmResult['kind']): number => results.filter((result) => result.kind === kind).length;
  const gone = count('removed') + count('stale');
  const failed = count('stale') + count('kept') > 0;
  const lines = results.flatMap((result) => imageRmLine(result, { command, debug }));
  if (gone > 0) lines.push(said(`${gone} image(s) successfully removed`));
  if (count('stale') > 0) lines.push(said(`${count('stale')} image(s) removed but left some stale files`));
  if (count('kept') > 0) lines.push(said(`${count('kept')} image(s) cannot be removed`));
  if (failed) lines.push(said('error(s) found while removing images'));
  return { said: lines, failed };
}

function imageRmLine(result: ImageRmResult, options: { command: string; debug: boolean }): Said[] {
  const trouble = (doing: string, error: unknown): Said => ({
    stream: 'stderr',
    text: errorText(error, { ...options, command: doing === '' ? options.command : `${options.command}: ${doing}` }),
  });
  const removed = (id: string): Said => ({ stream: 'stdout', text: `successfully removed aci for image: "${id}"\n` });
  switch (result.kind) {
    case 'removed': return [removed(result.id)];
    case 'stale': return [trouble(`some files cannot be removed for image "${result.id}"`, result.error), removed(result.id)];
    case 'kept': return [trouble(`error removing aci for image "${result.id}"`, result.error)];
    case 'not found': return [trouble('', result.error)];
  }
}
