import { rkt } from '../../src/cli/flags/table.ts';
import type { CommandSpec } from '../../src/cli/flags/spec.ts';
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
  if (command.commands !== undefined) return command.commands.flatMap((child) => refusals(child, [...path, child.name]));
  return command.later ? [{ what: name, words: path }] : [];
}

function refusalOf(words: readonly string[]): string {
  try {
    parseCommandLine(words);
  } catch (error) {
    return errorText(error, { command: 'rkt', debug: false }).trim();
  }
  throw new Error(`rkt ${words.join(' ')} is not refused`);
}
