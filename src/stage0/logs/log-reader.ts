import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { unlessMissing } from '#sys';
import type { LogEntry } from '../engine.ts';
import { LineAssembler, LineSplitter } from './log-record.ts';

const CHUNK = 65_536;
/** More than there can be. */
const MOST_FILES = 1_000;

/** The log of an app: its file and those before it, oldest first, each read to its end before the next. */
export class LogReader implements Disposable {
  readonly #path: string;
  readonly #splitter = new LineSplitter();
  readonly #assembler: LineAssembler;
  #fd: number | undefined;

  /** `path` is the newest file; the older ones are `path.1`, `path.2` and so on. */
  constructor(app: string, path: string) {
    this.#path = path;
    this.#assembler = new LineAssembler(app);
  }

  /** Lines in the order they were written, until there are no more for now. May be called again. */
  *read(): Generator<LogEntry> {
    this.#fd ??= this.#openOldest();
    for (const chunk = Buffer.allocUnsafe(CHUNK); this.#fd !== undefined; ) {
      const got = readSync(this.#fd, chunk);
      if (got > 0) yield* this.#take(chunk.subarray(0, got));
      else if (!this.#openNext()) return;
    }
  }

  /** Lines that were begun and never ended. */
  rest(): LogEntry[] {
    return this.#assembler.rest();
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  *#take(chunk: Buffer): Generator<LogEntry> {
    for (const line of this.#splitter.push(Buffer.from(chunk))) {
      const entry = this.#assembler.add(line);
      if (entry !== undefined) yield entry;
    }
  }

  #name(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`;
  }

  #openOldest(): number | undefined {
    let oldest = 0;
    while (oldest < MOST_FILES && exists(this.#name(oldest + 1))) oldest++;
    return open(this.#name(oldest));
  }

  /**
   * The file that follows the one that has been read to its end. Files may be renamed at any moment: the next one is
   * believed only if ours still has its number after that was opened.
   */
  #openNext(): boolean {
    for (;;) {
      const own = this.#numberOf(fstatSync(this.#fd!, { bigint: true }));
      if (own === 0) return false;
      const next = own === undefined ? this.#openOldest() : open(this.#name(own - 1));
      if (next === undefined) return false;
      if (own !== undefined && this.#numberOf(fstatSync(this.#fd!, { bigint: true })) !== own) {
        closeSync(next);
        continue;
      }
      closeSync(this.#fd!);
      this.#fd = next;
      this.#splitter.clear();
      return true;
    }
  }

  /** Undefined where it is not there any more. */
  #numberOf({ dev, ino }: BigIntStats): number | undefined {
    for (let number = 0; number <= MOST_FILES; number++) {
      const named = statSync(this.#name(number), { bigint: true, throwIfNoEntry: false });
      if (named === undefined && number > 0) return undefined;
      if (named?.ino === ino && named.dev === dev) return number;
    }
    return undefined;
  }
}

/** What others may have put in a log's place is not followed, and does not hold us up. */
function open(path: string): number | undefined {
  return unlessMissing(() => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
