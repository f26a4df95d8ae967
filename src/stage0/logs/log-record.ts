import type { LogEntry } from '../engine.ts';

const LF = 0x0a;
const SPACE = 0x20;

/** Puts the records of one log together to lines, stream by stream. */
export class LineAssembler {
  readonly #app: string;
  #begun: Partial<Record<LogEntry['stream'], { readonly time: string; readonly parts: Buffer[] }>> = {};

  constructor(app: string) {
    this.#app = app;
  }

  /** A record without its end: `TIME stdout|stderr F|P TEXT`. What is none is left out. */
  add(record: Buffer): LogEntry | undefined {
    const afterTime = record.indexOf(SPACE);
    const afterStream = record.indexOf(SPACE, afterTime + 1);
    const stream = record.toString('latin1', afterTime + 1, afterStream);
    const tag = record[afterStream + 1];
    if (afterTime < 1 || (stream !== 'stdout' && stream !== 'stderr') || record[afterStream + 2] !== SPACE) return undefined;
    const begun = (this.#begun[stream] ??= { time: record.toString('latin1', 0, afterTime), parts: [] });
    begun.parts.push(record.subarray(afterStream + 3));
    return tag === 'P'.charCodeAt(0) ? undefined : this.#take(stream);
  }

  /** What was begun and has no end. */
  rest(): LogEntry[] {
    return (['stdout', 'stderr'] as const).flatMap((stream) => this.#take(stream) ?? []);
  }

  #take(stream: LogEntry['stream']): LogEntry | undefined {
    const begun = this.#begun[stream];
    if (begun === undefined) return undefined;
    delete this.#begun[stream];
    return { app: this.#app, time: begun.time, stream, text: begun.parts.length === 1 ? begun.parts[0]! : Buffer.concat(begun.parts) };
  }
}

/** The whole lines of what has been read so far, without their ends. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      lines.push(bytes.subarray(start, end));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return lines;
  }

  /** A new file begins with a new record. */
  clear(): void {
    this.#rest = Buffer.alloc(0);
  }
}
