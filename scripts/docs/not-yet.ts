import { rkt } from '../../src/cli/flags/table.ts';
import type { CommandSpec, FlagSpec } from '../../src/cli/flags/spec.ts';
import { errorText } from '../../src/cli/output/error-text.ts';
import { parseCommandLine } from '../../src/cli/parse/command-line.ts';

const MARKED = /(<!-- not yet: written by scripts\/docs\.ts -->\n)[\s\S]*?(<!-- end -->)/;

/** The page with the list of what is refused by name as the command table has it now. */
export function fillInNotYet(page: string): string {
  return page.replace(MARKED, (_, begin: string, end: string) => `${begin}\n${notYetTable()}\n\n${end}`);
}

function notYetTable(): string {
  const rows = refusals(rkt, []).map(({ what, words }) => `| \`${what}\` | \`${refusalOf(words)}\` |`);
  return ['| | refused with |', '|---|---|', ...rows].join('\n');
}

interface Refusal {
  readonly what: string;
  /** A command line that is refused. */
  readonly words: readonly string[];
}

function refusals(command: CommandSpec, path: readonly string[]): Refusal[] {
  const name = ['rkt', ...path].join(' ');
  if (command.commands !== undefined) {
    return [...flagRefusals(command, path, name), ...command.commands.flatMap((child) => refusals(child, [...path, child.name]))];
  }
  return command.later ? [{ what: name, words: path }] : flagRefusals(command, path, name);
}

function flagRefusals({ flags }: CommandSpec, path: readonly string[], name: string): Refusal[] {
  const later = flags.filter((flag) => flag.later);
  return later.map((flag) => ({ what: `${name} --${flag.name}`, words: [...path, ...imageBefore(flag), `--${flag.name}=${flag.alone ?? 'x'}`] }));
}

/** A flag of an app stands after its image. */
function imageBefore({ scope }: FlagSpec): string[] {
  return scope === 'app' ? ['example.com/web'] : [];
}

function refusalOf(words: readonly string[]): string {
  try {
    parseCommandLine(words);
  } catch (error) {
    return errorText(error, { command: 'rkt', debug: false }).trim();
  }
  throw new Error(`rkt ${words.join(' ')} is not refused`);
}
