import { type Isolator, parseQuantity } from '#appc';
import { badRequest, CliError } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseInteger, parseLast } from './flag-text.ts';

/** The isolators that flags of an image ask for, one a subject at most. */
export function isolatorsOf(flags: FlagValues): Isolator[] {
  return [
    parseLast(flags, 'memory', memory),
    parseLast(flags, 'cpu', cpu),
    parseLast(flags, 'cpu-shares', cpuShares),
    parseLast(flags, 'oom-score-adj', oomScoreAdj),
    capabilities(flags),
    parseLast(flags, 'seccomp', seccomp),
  ].filter((isolator) => isolator !== undefined);
}

function memory(text: string): Isolator {
  const bytes = parseQuantity(text);
  if (bytes < 4096) {
    throw fault(`memory limit of ${Math.ceil(bytes)} bytes too low. Try a reasonable value, such as --memory=16M`);
  }
  return { name: 'resource/memory', value: { default: false, request: text, limit: text } };
}

function cpu(text: string): Isolator {
  parseQuantity(text);
  return { name: 'resource/cpu', value: { default: false, request: text, limit: text } };
}

function cpuShares(text: string): Isolator {
  return { name: 'os/linux/cpu-shares', value: inRange(parseInteger(text), 2, 262_144, 'cpu-shares') };
}

function oomScoreAdj(text: string): Isolator {
  return { name: 'os/linux/oom-score-adj', value: inRange(parseInteger(text), -1000, 1000, 'oom-score-adj') };
}

function inRange(value: number, least: number, most: number, what: string): number {
  if (value < least || value > most) throw fault(`${what} must be between ${least} and ${most}`);
  return value;
}

function capabilities(flags: FlagValues): Isolator | undefined {
  const retain = set(flags, 'caps-retain') ?? set(flags, 'cap-retain');
  const remove = set(flags, 'caps-remove') ?? set(flags, 'cap-remove');
  if (retain !== undefined && remove !== undefined) {
    throw badRequest('cannot use both --caps-retain and --caps-remove on the same image');
  }
  if (retain !== undefined) return { name: 'os/linux/capabilities-retain-set', value: { set: retain } };
  if (remove !== undefined) return { name: 'os/linux/capabilities-remove-set', value: { set: remove } };
  return undefined;
}

function set(flags: FlagValues, name: string): string[] | undefined {
  return parseLast(flags, name, (text) => {
    const names = text.split(',').filter((part) => part !== '');
    if (names.length === 0) throw fault('a set of capabilities must not be empty');
    return names;
  });
}

/** `mode=retain|remove[,errno=EPERM],call,call…` in any order. */
function seccomp(text: string): Isolator {
  const parts = text.split(',').map((part) => part.split('='));
  const calls = parts.filter((part) => part.length !== 2).map((part) => part.join('='));
  const options = new Map(parts.filter((part) => part.length === 2).map(([name = '', value = '']) => [name, value]));
  const mode = options.get('mode');
  if ([...options.keys()].some((name) => name !== 'mode' && name !== 'errno')) {
    throw fault('invalid seccomp command-line override');
  }
  if (mode !== 'retain' && mode !== 'remove') throw fault('invalid seccomp mode, must be "retain" or "remove"');
  const errno = options.get('errno');
  return { name: `os/linux/seccomp-${mode}-set`, value: { set: calls, ...(errno ? { errno } : {}) } };
}

function fault(message: string): CliError {
  return new CliError('usage', message);
}
