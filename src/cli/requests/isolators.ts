import {
  capsRemoveIsolator,
  capsRetainIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  type Isolator,
  memoryIsolator,
  oomScoreAdjIsolator,
  seccompIsolator,
} from '#appc';
import { isCapability } from '#security';
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
    parseLast(flags, 'seccomp', seccompIsolator),
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
