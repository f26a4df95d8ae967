import { quoted } from '#errors';
import { AppcError } from './error.ts';
import { checkIsolators, readIsolator } from './isolator.ts';
import { canonicalQuantity } from './quantity.ts';
import type { Isolator } from './types.ts';

/** Isolators as command line flags ask for them. All throw `bad-isolator` or `bad-quantity`. */

/** Below it a limit is a slip, such as `16m`, which is milli-bytes. */
const MINIMUM_MEMORY = 4096;

/** `--memory`. */
export function memoryIsolator(limit: string): Isolator {
  const isolator = checked(resource('resource/memory', limit));
  const value = readIsolator(isolator);
  if (value.kind === 'memory' && value.limitBytes >= MINIMUM_MEMORY) return isolator;
  const bytes = value.kind === 'memory' ? value.limitBytes : 0;
  throw bad(`memory limit of ${bytes} bytes too low. Try a reasonable value, such as --memory=16M`);
}

/** `--cpu`: processors, or thousandths of one as `900m`. */
export function cpuIsolator(limit: string): Isolator {
  return checked(resource('resource/cpu', limit));
}

/** `--cpu-shares`. */
export function cpuSharesIsolator(shares: string): Isolator {
  return checked({ name: 'os/linux/cpu-shares', value: integer(shares) });
}

/** `--oom-score-adj`. */
export function oomScoreAdjIsolator(adjustment: string): Isolator {
  return checked({ name: 'os/linux/oom-score-adj', value: integer(adjustment) });
}

/** `--caps-retain`: names with commas between them. */
export function capsRetainIsolator(names: string): Isolator {
  return checked({ name: 'os/linux/capabilities-retain-set', value: { set: wordsOf(names) } });
}

/** `--caps-remove`: names with commas between them. */
export function capsRemoveIsolator(names: string): Isolator {
  return checked({ name: 'os/linux/capabilities-remove-set', value: { set: wordsOf(names) } });
}

/** `--seccomp`: `mode=retain|remove,[errno=EPERM,]` and then calls and `@groups`, in any order. */
export function seccompIsolator(filter: string): Isolator {
  let mode = '';
  let errno = '';
  const set: string[] = [];
  for (const word of wordsOf(filter)) {
    const [key = '', value, ...rest] = word.split('=');
    if (value === undefined) set.push(word);
    else if (rest.length > 0 || (key !== 'mode' && key !== 'errno')) throw bad('invalid seccomp command-line override');
    else if (key === 'mode') mode = value;
    else errno = value;
  }
  if (mode !== 'retain' && mode !== 'remove') throw bad('invalid seccomp mode command-line override');
  return checked({ name: `os/linux/seccomp-${mode}-set`, value: { set, errno } });
}

const FAMILIES: readonly (readonly string[])[] = [
  ['os/linux/cpu-shares', 'resource/cpu-shares'],
  ['os/linux/oom-score-adj'],
  ['os/linux/capabilities-retain-set', 'os/linux/capabilities-remove-set'],
  ['os/linux/seccomp-retain-set', 'os/linux/seccomp-remove-set'],
];

/**
 * The isolators of an image under those of the command line: a new one takes the place of all that it
 * contradicts; memory and processor limits are appended, where the last one counts.
 */
export function overrideIsolators(isolators: readonly Isolator[] | undefined, overrides: readonly Isolator[]): Isolator[] {
  const names = new Set(overrides.map(({ name }) => name));
  if (names.has('os/linux/capabilities-retain-set') && names.has('os/linux/capabilities-remove-set')) {
    throw bad('error: cannot use both --caps-retain and --caps-remove on the same image');
  }
  const replaced = new Set(FAMILIES.filter((family) => family.some((name) => names.has(name))).flat());
  const all = [...(isolators ?? []).filter(({ name }) => !replaced.has(name)), ...overrides];
  checkIsolators(all);
  return all;
}

function resource(name: string, limit: string): Isolator {
  const quantity = canonicalQuantity(limit);
  return { name, value: { default: false, request: quantity, limit: quantity } };
}

function checked(isolator: Isolator): Isolator {
  try {
    readIsolator(isolator);
    return isolator;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    throw bad(thrown.message);
  }
}

function integer(text: string): number {
  if (/^[+-]?[0-9]{1,15}$/.test(text)) return Number(text);
  throw bad(`strconv.Atoi: parsing ${quoted(text)}: invalid syntax`);
}

function wordsOf(list: string): string[] {
  const words = list.split(',');
  if (words.some((word) => !/^\S+$/.test(word))) throw bad(`${quoted(list)} has an empty name in it`);
  return words;
}

function bad(message: string): AppcError {
  return new AppcError('bad-isolator', message);
}
