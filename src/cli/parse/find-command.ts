import { CliError } from '../cli-error.ts';
import { rkt } from '../flags/table.ts';
import type { CommandSpec, FlagSpec } from '../flags/spec.ts';

export interface FoundCommand {
  readonly command: CommandSpec;
  /** `['rkt', 'image', 'list']`, in full even if abbreviated. */
  readonly path: readonly string[];
  /** The command line without the words that named the command. */
  readonly rest: readonly string[];
}

/** Finds the command, which any flags may precede. A word may be cut short as long as it is unambiguous. */
export function findCommand(args: readonly string[]): FoundCommand {
  let command = rkt;
  const path = ['rkt'];
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (command.commands === undefined || word === '--') {
      rest.push(...args.slice(index));
      break;
    }
    if (word === '' || word.startsWith('-')) {
      rest.push(word);
      if (takesNextWord(word)) rest.push(...args.slice(++index, index + 1));
      continue;
    }
    command = subcommand(command, path, word);
    path.push(command.name);
  }
  return { command, path, rest };
}

function subcommand(parent: CommandSpec, path: readonly string[], word: string): CommandSpec {
  const all = parent.commands ?? [];
  const cutShort = all.filter(({ name }) => name.startsWith(word));
  const found = all.find(({ name }) => name === word) ?? onlyOne(cutShort.filter(({ added }) => !added)) ?? onlyOne(cutShort);
  if (found === undefined) throw unknownCommand(path, word);
  return found;
}

export function unknownCommand(path: readonly string[], word: string): CliError {
  return new CliError('usage', `unknown command "${word}" for "${path.join(' ')}"`, {
    hint: `Run '${path.join(' ')} --help' for usage.`,
  });
}

function onlyOne<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

/** Whether the value of `--flag` is the word after it. A flag nobody knows is taken to have a value. */
function takesNextWord(word: string): boolean {
  if (!word.startsWith('--') || word.includes('=')) return false;
  const name = word.slice(2);
  if (name === 'help') return false;
  const spec = flagOf(rkt, name);
  return spec === undefined || spec.alone === undefined;
}

function flagOf(command: CommandSpec, name: string): FlagSpec | undefined {
  const own = command.flags.find((flag) => flag.name === name);
  if (own !== undefined) return own;
  for (const child of command.commands ?? []) {
    const found = flagOf(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
