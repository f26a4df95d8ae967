import { FlagValues } from '../flags/flag-values.ts';
import { globalFlags } from '../flags/global.ts';
import type { CommandSpec } from '../flags/spec.ts';
import type { ReadFlag } from './flag-reader.ts';

/** An image, the flags that are about it alone, and the arguments for its app. */
export interface ImageWords {
  readonly image: string;
  readonly flags: FlagValues;
  readonly args: string[];
}

/** What is filled while the words of a command line are read. */
export interface Reading {
  readonly globals: FlagValues;
  readonly flags: FlagValues;
  readonly args: string[];
  readonly images: ImageWords[];
  readonly notices: string[];
  help: boolean;
}

export function newReading(command: CommandSpec): Reading {
  return {
    globals: new FlagValues(globalFlags),
    flags: new FlagValues(command.flags),
    args: [],
    images: [],
    notices: [],
    help: false,
  };
}

/** Whether the word is a flag; `-` alone is a word. */
export function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

/** Notes a flag down where it belongs: with the global ones, or in `own`. */
export function record(read: ReadFlag | 'help', reading: Reading, own: FlagValues): void {
  if (read === 'help') {
    reading.help = true;
    return;
  }
  const { spec, value } = read;
  if (spec.deprecated !== undefined) reading.notices.push(`Flag --${spec.name} has been deprecated, ${spec.deprecated}`);
  const target = own.find(spec.name) === undefined ? reading.globals : own;
  target.add(spec.name, value);
}
