import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBusyboxAci, openHome, type AciOptions, type Home, type RktOptions } from '#tests/support';

/** What most tests of a command start from: a home, and busybox images in it. */
export interface Scene extends AsyncDisposable {
  readonly home: Home;
  /** Path of an unsigned busybox ACI. */
  readonly aci: string;
  rkt(args: readonly string[], options?: RktOptions): Promise<{ status: number; stdout: string; stderr: string; output: string }>;
  /** As {@link rkt}, for images without a signature. */
  insecure(args: readonly string[], options?: RktOptions): Promise<{ status: number; stdout: string; stderr: string; output: string }>;
  makeAci(file: string, options?: AciOptions): string;
  /** Prepares a pod; gives its UUID. */
  prepare(...args: readonly string[]): Promise<string>;
  /** The content of a file, once there is any: of `--uuid-file-save`, say. */
  untilFile(path: string): Promise<string>;
  /** The `key=value` lines of `rkt status`. */
  status(uuid: string): Promise<Record<string, string>>;
}

export const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

export function openScene(options: AciOptions = {}): Scene {
  const home = openHome();
  const insecure: Scene['insecure'] = (args, rest) => home.rkt(['--insecure-options=image', ...args], rest);
  return {
    home,
    aci: makeBusyboxAci(home.file('busybox.aci'), options),
    rkt: (args, rest) => home.rkt(args, rest),
    insecure,
    makeAci: (file, rest) => makeBusyboxAci(home.file(file), rest),
    async prepare(...args) {
      const { stdout } = await insecure(['prepare', ...args]);
      return stdout.trim();
    },
    async untilFile(path) {
      for (;;) {
        const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
        if (text !== '') return text;
        await sleep(20);
      }
    },
    async status(uuid) {
      const { stdout } = await home.rkt(['status', uuid]);
      return Object.fromEntries(stdout.trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}
