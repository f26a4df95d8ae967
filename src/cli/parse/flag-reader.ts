import { CliError } from '../cli-error.ts';
import { globalFlags } from '../flags/global.ts';
import type { CommandSpec, FlagSpec } from '../flags/spec.ts';
import { flagFault } from '../flags/values.ts';

/** One flag as it stood on the command line. */
export interface ReadFlag {
  readonly spec: FlagSpec;
  readonly value: string;
  /** As given, for messages: `--port=http:x`. */
  readonly word: string;
}

/** Reads words one after another, with the flags of one command and the global ones. */
export class FlagReader {
  readonly #command: CommandSpec;
  readonly #path: readonly string[];
  readonly #words: readonly string[];
  #position = 0;

  constructor(command: CommandSpec, path: readonly string[], words: readonly string[]) {
    this.#command = command;
    this.#path = path;
    this.#words = words;
  }

  peek(): string | undefined {
    return this.#words[this.#position];
  }

  word(): string {
    return this.#words[this.#position++] ?? '';
  }

  rest(): string[] {
    const rest = this.#words.slice(this.#position);
    this.#position = this.#words.length;
    return rest;
  }

  /** The flag that the next word is; `help` for `-h` and `--help`. */
  flag(): ReadFlag | 'help' {
    const word = this.word();
    if (word === '-h' || word === '--help') return 'help';
    if (!word.startsWith('--')) throw this.usage(`unknown shorthand flag: '${word[1]}' in ${word}`);
    if (/^--[-=]/.test(word)) throw this.usage(`bad flag syntax: ${word}`);
    const [name = '', value] = splitOnce(word.slice(2), '=');
    const spec = this.#specOf(name);
    const read = { spec, word, value: value ?? spec.alone ?? this.#nextValue(word) };
    this.#check(read);
    return read;
  }

  usage(message: string): CliError {
    return new CliError('usage', message, { hint: `Run '${this.#path.join(' ')} --help' for usage.` });
  }

  /** That the flag cannot have this value. */
  invalid({ value, word }: ReadFlag, why: string): CliError {
    return this.usage(`invalid argument "${value}" for ${word}: ${why}`);
  }

  #specOf(name: string): FlagSpec {
    const has = (spec: FlagSpec): boolean => spec.name === name;
    const spec = this.#command.flags.find(has) ?? globalFlags.find(has);
    if (spec === undefined) throw this.usage(`unknown flag: --${name}`);
    return spec;
  }

  #nextValue(word: string): string {
    if (this.#position >= this.#words.length) throw this.usage(`flag needs an argument: ${word}`);
    return this.word();
  }

  #check(read: ReadFlag): void {
    const fault = flagFault(read.spec, read.value);
    if (fault !== undefined) throw this.invalid(read, fault);
  }
}

export function notAvailable(what: string): CliError {
  return new CliError('not-available', `${what} is not available in this version`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
