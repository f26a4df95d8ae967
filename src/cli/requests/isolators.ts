import {
  capsRemoveIsolator,
  capsRetainIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  type Isolator,
  memoryIsolator,
  oomScoreAdjIsolator,
  readIsolator,
  seccompIsolator,
} from '#appc';
import { errnoNumber, isCapability, unknownSyscalls } from '#security';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseLast } from './flag-text.ts';

/** The isolators that flags of an image ask for, one a subject at most. */
export function isolatorArguments(flags: FlagValues): Isolator[] {
  const retain = capabilities(flags, ['caps-retain', 'cap-retain'], capsRetainIsolator);
  const remove = capabilities(flags, ['caps-remove', 'cap-remove'], capsRemoveIsolator);
  if (retain !== undefined && remove !== undefined) {
    throw badRequest('error: cannot use both --caps-retain and --caps-remove on the same image');
  }
  const all = [
    parseLast(flags, 'memory', memoryIsolator),
    parseLast(flags, 'cpu', cpuIsolator),
    parseLast(flags, 'cpu-shares', cpuSharesIsolator),
    parseLast(flags, 'oom-score-adj', oomScoreAdjIsolator),
    retain ?? remove,
    parseLast(flags, 'seccomp', seccomp),
  ];
  return all.filter((isolator) => isolator !== undefined);
}

/** A name that is misspelt would leave an app with what was to be taken from it. */
function capabilities(flags: FlagValues, names: readonly string[], make: (text: string) => Isolator): Isolator | undefined {
  const parse = (text: string): Isolator => {
    const unknown = text.split(',').find((name) => !isCapability(name.trim()));
    if (unknown !== undefined) throw badRequest(`there is no capability "${unknown.trim()}"`);
    return make(text);
  };
  const given = names.find((name) => flags.given(name));
  return given === undefined ? undefined : parseLast(flags, given, parse);
}

/** A call that is misspelt would stay open, or be kept from an app that needs it. */
function seccomp(text: string): Isolator {
  const isolator = seccompIsolator(text);
  const value = readIsolator(isolator);
  if (value.kind !== 'seccomp-retain' && value.kind !== 'seccomp-remove') return isolator;
  const [unknown] = unknownSyscalls(value.set);
  if (unknown !== undefined) throw badRequest(`there is no system call${unknown.startsWith('@') ? ' group' : ''} "${unknown}"`);
  if (value.errno !== undefined && errnoNumber(value.errno) === undefined) throw badRequest(`there is no error number "${value.errno}"`);
  return isolator;
}
