import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rktProgram, type Home, type RktOptions } from '#tests/support';

const WAIT = 20_000;
const INDENT = '      ';

/** A pod in the foreground of its own process, while the story goes on. */
export interface Background {
  /** The text of a file that it writes. */
  untilFile(path: string): Promise<string>;
  untilPrinted(text: string): Promise<void>;
  readonly ended: Promise<void>;
}

/** Tells a demonstration, a line a step, and gives back everything it used, whichever way it ends. */
export class Story {
  readonly #used = new AsyncDisposableStack();
  readonly #started = performance.now();
  #steps = 0;

  step(text: string): void {
    this.#steps += 1;
    console.log(`\n${String(this.#steps).padStart(2)}. ${text}`);
  }

  say(text: string): void {
    console.log(text.replace(/^/gm, INDENT));
  }

  /** Keeps a resource until the end of the story. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    return this.#used.use(resource);
  }

  /** Runs rkt, with the command and what it printed indented under the step. */
  async rkt(home: Home, args: readonly string[], options: RktOptions = {}): Promise<void> {
    this.say(`$ rkt ${args.map(quote).join(' ')}`);
    const { output } = await home.rkt(args, options);
    if (output.trim() !== '') this.say(output.trimEnd());
  }

  /** Starts rkt and goes on; what it prints appears as it comes. */
  background(home: Home, args: readonly string[]): Background {
    this.say(`$ rkt ${args.map(quote).join(' ')} &`);
    const child = spawn(rktProgram(), [...home.flags, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        this.say(text.trimEnd());
      });
    }
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
    const until = async <T>(what: string, look: () => T | undefined): Promise<T> => {
      for (const end = Date.now() + WAIT; Date.now() < end; await sleep(20)) {
        const found = look();
        if (found !== undefined) return found;
        if (child.exitCode !== null) throw new Error(`the pod ended (status ${child.exitCode}) before ${what}`);
      }
      throw new Error(`no ${what} after ${WAIT / 1000} s`);
    };
    return {
      untilFile: (path) => until(path, () => textOf(path)),
      untilPrinted: async (text) => void (await until(`"${text}"`, () => (printed.includes(text) ? text : undefined))),
      ended,
    };
  }

  /** Gives the exit status. Interrupts end the story as its end does: by giving everything back. */
  async run(tell: (story: Story) => Promise<void>): Promise<number> {
    const interrupted = new Promise<never>((_, reject) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
    });
    let status = 0;
    try {
      await Promise.race([tell(this), interrupted]);
    } catch (error) {
      console.error(`\ndemo: ${error instanceof Error ? error.message : String(error)}`);
      status = 1;
    }
    try {
      await this.#used.disposeAsync();
      if (status === 0) console.log(`\nDone in ${((performance.now() - this.#started) / 1000).toFixed(1)} s; nothing was left running, mounted or listening.`);
    } catch (error) {
      console.error(`demo: not everything could be given back: ${error instanceof Error ? error.message : String(error)}`);
      status = 1;
    }
    return status;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** As a shell would need it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
