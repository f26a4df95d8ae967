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
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseLast } from './flag-text.ts';

/** The isolators that flags of an image ask for, one a subject at most. */
export function isolatorArguments(flags: FlagValues): Isolator[] {
  const retain = parseLast(flags, 'caps-retain', capsRetainIsolator) ?? parseLast(flags, 'cap-retain', capsRetainIsolator);
  const remove = parseLast(flags, 'caps-remove', capsRemoveIsolator) ?? parseLast(flags, 'cap-remove', capsRemoveIsolator);
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
