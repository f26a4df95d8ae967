import type { LogEntry } from '../engine.ts';

/** The entries of several logs in the order of their times; those of one log stay in their order. */
export function* mergeEntries(logs: readonly Iterator<LogEntry>[]): Generator<LogEntry> {
  const heads = logs.map((log) => ({ log, entry: next(log) }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.entry !== undefined && (first?.entry === undefined || head.entry.time < first.entry.time)) first = head;
    }
    if (first?.entry === undefined) return;
    yield first.entry;
    first.entry = next(first.log);
  }
}

function next(log: Iterator<LogEntry>): LogEntry | undefined {
  const { done, value } = log.next() as IteratorResult<LogEntry, undefined>;
  return done === true ? undefined : value;
}
