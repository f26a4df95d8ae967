import { badRequest, CliError } from '../cli-error.ts';
import { FlagValues } from '../flags/flag-values.ts';
import type { CommandSpec } from '../flags/spec.ts';
import type { FlagReader } from './flag-reader.ts';
import { type ImageWords, isFlag, type Reading, record } from './reading.ts';

/** Of these an image takes one only. */
const once = new Set(['exec', 'signature']);

/**
 * Reads `[flags] [POD] IMAGE [flags] [-- args] [---] IMAGE2 …`. A flag of the pod counts wherever it stands,
 * a flag of an app for the image before it.
 */
export function readImages(reader: FlagReader, reading: Reading, command: CommandSpec): void {
  readFlags(reader, reading);
  if (reader.peek() === '--') reader.word();
  if (command.podFirst && reader.peek() !== undefined) reading.args.push(reader.word());
  const doing = command.imageArgs ? 'error parsing app image arguments' : 'unable to parse arguments';
  try {
    readAfterFlags(reader, reading, command);
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'not-available') throw error;
    throw badRequest(`${doing}: ${error.message}`);
  }
}

function readAfterFlags(reader: FlagReader, reading: Reading, command: CommandSpec): void {
  let argumentsOf: ImageWords | undefined;
  for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
    if (next === '--') {
      reader.word();
      argumentsOf = readAppArguments(reader, reading, command, argumentsOf);
    } else if (isFlag(next) && next !== '---') {
      readFlags(reader, reading);
    } else {
      const word = reader.word();
      if (word !== '' && word !== '---') reading.images.push({ image: word, flags: new FlagValues(command.flags), args: [] });
    }
  }
}

/** Reads flags up to the first word that is none. */
function readFlags(reader: FlagReader, reading: Reading): void {
  for (let next = reader.peek(); next !== undefined && isFlag(next); next = reader.peek()) {
    if (next === '--' || next === '---') return;
    readFlag(reader, reading);
  }
}

function readFlag(reader: FlagReader, reading: Reading): void {
  const read = reader.flag();
  const scope = read === 'help' ? undefined : read.spec.scope;
  const image = reading.images.at(-1);
  if (read === 'help' || scope === undefined || (scope === 'either' && image === undefined)) {
    record(read, reading, reading.flags);
    return;
  }
  const { name } = read.spec;
  if (image === undefined) throw reader.invalid(read, `--${name} must follow an image`);
  if (once.has(name) && image.flags.given(name)) {
    throw reader.invalid(read, `--${name} specified multiple times for the same image`);
  }
  record(read, reading, image.flags);
}

function readAppArguments(
  reader: FlagReader,
  reading: Reading,
  command: CommandSpec,
  before: ImageWords | undefined,
): ImageWords {
  if (!command.imageArgs) throw badRequest('app arguments unsupported');
  const image = reading.images.at(-1);
  if (image === undefined) throw badRequest('an image is required before any app arguments');
  if (image === before) throw badRequest('only one set of app arguments allowed per image');
  for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
    reader.word();
    if (next === '---') break;
    if (next !== '') image.args.push(next);
  }
  return image;
}
