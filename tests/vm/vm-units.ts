import type { Vm } from './vm.ts';
import { quoted } from './vm-rkt.ts';

/** Units of the systemd of a machine. */
export interface VmUnits {
  /** Writes unit files, name → lines, and has systemd read them. */
  write(files: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** `systemctl WORDS`. */
  ctl(words: string): Promise<void>;
  /** Properties of a unit. */
  show<P extends string>(unit: string, ...properties: readonly P[]): Promise<Record<P, string>>;
  /** Waits until a property has a value. */
  until(unit: string, property: string, value: string): Promise<void>;
  /** What the journal of a unit has, without the times. */
  journal(unit: string): Promise<string>;
}

const TIMEOUT = 180_000;

/** @param asOwner puts a command into the words of whose systemd it is: of a user, not root's */
export function vmUnits(vm: Vm, { directory = '/run/systemd/system', flags = '', asOwner = (script: string) => script } = {}): VmUnits {
  const run = async (script: string): Promise<string> => (await vm.run(asOwner(script), { timeout: TIMEOUT })).stdout;
  const ctl = (words: string): Promise<string> => run(`systemctl ${flags} ${words}`);
  return {
    async write(files) {
      const texts = Object.entries(files).map(([name, lines]) => `printf '%s\\n' ${lines.map(quoted).join(' ')} >${directory}/${name}`);
      await run([`mkdir -p ${directory}`, ...texts, `systemctl ${flags} daemon-reload`].join(' && '));
    },
    async ctl(words) {
      await ctl(words);
    },
    async show(unit, ...properties) {
      const text = await ctl(`show ${unit} --property=${properties.join(',')}`);
      const entries = text.trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
      return Object.fromEntries(entries) as Record<(typeof properties)[number], string>;
    },
    async until(unit, property, value) {
      await run(`for i in $(seq 300); do [ "$(systemctl ${flags} show ${unit} --property=${property} --value)" = ${quoted(value)} ] && exit; sleep 0.2; done; systemctl ${flags} status ${unit}; exit 1`);
    },
    journal: (unit) => run(`journalctl ${flags} --unit=${unit} --output=cat --no-pager`),
  };
}

/** A line of a unit file that executes a command (systemd.service(5), Command lines). */
export function execLine(key: string, words: readonly string[]): string {
  const word = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
  return `${key}=${words.map(word).join(' ')}`;
}
