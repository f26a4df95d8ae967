import type { FlagValues } from '../flags/flag-values.ts';
import type { CommandSpec } from '../flags/spec.ts';
import { findCommand } from './find-command.ts';
import { FlagReader, notAvailable } from './flag-reader.ts';
import { readImages } from './image-words.ts';
import { type ImageWords, isFlag, newReading, type Reading, record } from './reading.ts';

/** The command line taken apart; what the words mean is for the command to say. */
export interface CommandLine {
  readonly command: CommandSpec;
  /** `['rkt', 'image', 'list']`. */
  readonly path: readonly string[];
  readonly globals: FlagValues;
  /** The command's flags but those of single images. */
  readonly flags: FlagValues;
  /** The words that are no flags; empty where the command takes images. */
  readonly args: readonly string[];
  readonly images: readonly ImageWords[];
  /** `-h` or `--help` was among the flags. */
  readonly help: boolean;
  /** To be told on standard error: `Flag --cap-retain has been deprecated, use --caps-retain instead`. */
  readonly notices: readonly string[];
}

/** Throws CliError `usage` for words that the command does not take, `not-available` for a command of later versions. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { command, path, rest } = findCommand(argv);
  if (command.later && command.commands === undefined) throw notAvailable(`command "${path.join(' ')}"`);
  const reader = new FlagReader(command, path, rest);
  const reading = newReading(command);
  if (command.grammar === 'images') readImages(reader, reading, command);
  else readWords(reader, reading, command.grammar);
  return { command, path, ...reading };
}

function readWords(reader: FlagReader, reading: Reading, grammar: 'free' | 'leading'): void {
  for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
    if (next === '--') {
      reader.word();
      reading.args.push(...reader.rest());
    } else if (isFlag(next)) {
      record(reader.flag(), reading, reading.flags);
    } else if (grammar === 'leading') {
      reading.args.push(...reader.rest());
    } else {
      reading.args.push(reader.word());
    }
  }
}
