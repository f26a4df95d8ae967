import type { ProgressEvent } from '#stage0';
import { humanSize } from './human.ts';

/** The terminal's column that the line must not pass. */
const widest = 79;

/** One transfer, from its first event on. Times in milliseconds. */
interface Transfer {
  readonly startedAt: number;
  readonly event: ProgressEvent;
}

/** What is under way; `advance` gives the next state, `text` the line that shows it. */
export type Progress = ReadonlyMap<string, Transfer>;

export function advance(progress: Progress, event: ProgressEvent, now: number): Progress {
  const next = new Map(progress);
  if (event.kind === 'end') next.delete(event.id);
  else next.set(event.id, { startedAt: progress.get(event.id)?.startedAt ?? now, event });
  return next;
}

/** One line: of a single transfer what it is, of several how many, then bytes, rate and time left. Empty if nothing is under way. */
export function progressText(progress: Progress, now: number): string {
  const all = [...progress.values()];
  const [first] = all;
  if (first === undefined) return '';
  const what = all.length === 1 ? `${first.event.kind}ing ${shortId(first.event.id)}` : `${all.length} transfers`;
  const done = sum(all.map(({ event }) => event.done));
  const known = all.every(({ event }) => event.total !== undefined);
  const total = known ? sum(all.map(({ event }) => event.total ?? 0)) : undefined;
  const seconds = (now - Math.min(...all.map(({ startedAt }) => startedAt))) / 1000;
  return [what, bytesText(done, total), ...rateTexts(done, total, seconds)].join('  ').slice(0, widest);
}

function bytesText(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return humanSize(done);
  return `${humanSize(done)} of ${humanSize(total)} (${Math.floor((done / total) * 100)}%)`;
}

/** A rate is worth telling after a while only. */
function rateTexts(done: number, total: number | undefined, seconds: number): string[] {
  if (seconds < 0.5 || done === 0) return [];
  const rate = done / seconds;
  const left = total === undefined ? undefined : Math.ceil((total - done) / rate);
  return [`${humanSize(Math.round(rate))}/s`, ...(left === undefined ? [] : [`${clockText(left)} left`])];
}

function clockText(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** A digest is known by its beginning, a file's or image's name by its end. */
function shortId(id: string): string {
  if (/^sha\d+[:-]/.test(id)) return id.slice(0, 19);
  return id.length <= 32 ? id : `…${id.slice(-31)}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
