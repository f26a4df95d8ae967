import type { Listener, ProgressEvent } from '#stage0';
import { advance, type Progress, progressText } from './output/progress-line.ts';
import type { Surroundings } from './surroundings.ts';

/** How often the progress line changes. Milliseconds. */
const interval = 100;
const eraseLine = '\r\u001b[K';

/** Shows what the engine tells: lines on standard error, and, on a terminal, one that shows the progress of transfers. */
export function listenerOf(around: Surroundings, debug: boolean): Listener {
  let bar: ProgressLine | undefined;
  const progress = (event: ProgressEvent): void => {
    if (bar === undefined && !around.watched()) return;
    bar ??= new ProgressLine((text) => around.write('stderr', text));
    bar.show(event, Number(around.now() / 1_000_000n));
  };
  const say = (text: string): void => {
    bar?.erase();
    around.write('stderr', `${text}\n`);
  };
  return {
    get attended() {
      return around.attended();
    },
    print: (line) => {
      bar?.erase();
      around.write('stdout', `${line}\n`);
    },
    warn: say,
    debug: (text) => {
      if (debug) say(text);
    },
    progress,
    confirm: async (question) => {
      bar?.erase();
      return ask(question, around);
    },
  };
}

class ProgressLine {
  readonly #write: (text: string) => void;
  #progress: Progress = new Map();
  #shownAt = -Infinity;
  #visible = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(event: ProgressEvent, now: number): void {
    this.#progress = advance(this.#progress, event, now);
    if (this.#progress.size === 0) this.erase();
    else if (now - this.#shownAt >= interval) {
      this.#write(`${eraseLine}${progressText(this.#progress, now)}`);
      this.#shownAt = now;
      this.#visible = true;
    }
  }

  erase(): void {
    if (this.#visible) this.#write(eraseLine);
    this.#visible = false;
  }
}

/** Asks until the answer is yes or no. */
function ask(question: string, around: Surroundings): boolean {
  around.write('stderr', `${question} (yes/no)?\n`);
  for (let answer = around.readLine(); answer !== undefined; answer = around.readLine()) {
    if (answer === 'yes') return true;
    if (answer === 'no') return false;
    around.write('stderr', "Please enter 'yes' or 'no'\n");
  }
  return false;
}
