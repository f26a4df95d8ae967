import { isTerminal } from '#sys';
import type { Size } from './output/top.ts';
import { writeAll } from './terminal.ts';

/** A terminal that is taken whole, until it is given back as it was. */
export interface Screen {
  readonly size: Size;
  show(lines: readonly string[]): void;
  /** The next key; undefined when the time is up, or the terminal has another size. */
  nextKey(milliseconds: number): Promise<string | undefined>;
  close(): void;
}

const ESC = '\u001b[';
/** The second screen, so that what stood there before is there again afterwards; no cursor. */
const TAKE = `${ESC}?1049h${ESC}?25l`;
const GIVE_BACK = `${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const CLEAR_LINE = `${ESC}K`;
const CLEAR_BELOW = `${ESC}J`;

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const FALLBACK: Size = { columns: 80, rows: 24 };

/** Takes the terminal; undefined where standard input and output are none. It is given back however rkt ends, but by SIGKILL. */
export function openScreen(): Screen | undefined {
  if (!isTerminal(0) || !isTerminal(1)) return undefined;
  const { stdin, stdout } = process;
  const keys = new Keys();
  const close = (): void => {
    if (!stdin.isRaw) return;
    stdin.setRawMode(false).pause();
    stdout.off('resize', keys.wake);
    process.off('exit', close).off('SIGCONT', keys.wake);
    for (const signal of ENDING) process.off(signal, onSignal);
    writeAll(1, GIVE_BACK);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    close();
    process.kill(process.pid, signal);
  };
  stdin.setRawMode(true).on('data', (bytes: Buffer) => keys.push(bytes.toString('latin1')));
  stdin.on('end', () => keys.push('q'));
  stdout.on('resize', keys.wake);
  process.on('exit', close).on('SIGCONT', keys.wake);
  for (const signal of ENDING) process.on(signal, onSignal);
  writeAll(1, TAKE);
  return {
    get size() {
      return { columns: stdout.columns || FALLBACK.columns, rows: stdout.rows || FALLBACK.rows };
    },
    show: (lines) => writeAll(1, `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`),
    nextKey: (milliseconds) => keys.next(milliseconds),
    close,
  };
}

/** Keys that were hit and not asked for yet. */
class Keys {
  #waiting: string[] = [];
  #notify: (() => void) | undefined;

  push(keys: string): void {
    // An escape sequence is one key, and none of ours.
    this.#waiting.push(...(keys.startsWith('\u001b') ? [keys] : keys));
    this.wake();
  }

  readonly wake = (): void => this.#notify?.();

  async next(milliseconds: number): Promise<string | undefined> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#notify = undefined;
    }
    return this.#waiting.shift();
  }
}
