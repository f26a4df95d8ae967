import { RKT_VERSION } from './version.ts';
import type { CommandSpec, FlagSpec } from '../flags/spec.ts';
import { globalFlags } from '../flags/global.ts';
import { alignTabs } from './table.ts';

/** The help of a command, which `path` names in full. */
export function helpText(command: CommandSpec, path: readonly string[]): string {
  const isRoot = path.length === 1;
  const name = isRoot ? command.name : path.slice(1).join(' ');
  const sections = [
    ['NAME:', `\t${name} - ${command.short}`],
    ['USAGE:', `\t${[...path, ...(command.usage === undefined ? [] : [command.usage])].join(' ')}`],
    ...(isRoot ? [['VERSION:', `\t${RKT_VERSION}`]] : []),
    ...(command.commands === undefined ? [] : [['COMMANDS:', ...commandLines(command)]]),
    ...(command.long === undefined ? [] : [['DESCRIPTION:', ...command.long.split('\n').map((line) => `\t${line}`)]]),
    ...optionSections(command, isRoot),
  ];
  return alignTabs(`${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}

function commandLines(command: CommandSpec, above = ''): string[] {
  return shownCommands(command).flatMap((child) => [
    ...(child.commands === undefined ? [`\t${above}${child.name}\t${child.short}`] : commandLines(child, `${above}${child.name} `)),
  ]);
}

function shownCommands(command: CommandSpec): readonly CommandSpec[] {
  return (command.commands ?? []).filter(({ hidden, later }) => !hidden && !later);
}

function optionSections(command: CommandSpec, isRoot: boolean): string[][] {
  const own = shownFlags(isRoot ? globalFlags : command.flags).map(optionLine);
  const inherited = isRoot ? [] : shownFlags(globalFlags).map(optionLine);
  return [
    ...(own.length === 0 ? [] : [['OPTIONS:', ...own]]),
    ...(inherited.length === 0 ? [] : [['GLOBAL OPTIONS:', ...inherited]]),
  ];
}

/** What help and documentation tell about, by name. */
export function shownFlags(flags: readonly FlagSpec[]): FlagSpec[] {
  const shown = flags.filter(({ deprecated, hidden }) => !deprecated && !hidden);
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function optionLine(flag: FlagSpec): string {
  const initial = flag.kind === 'string' ? JSON.stringify(flag.initial) : flag.initial;
  const value = flag.alone === undefined ? `=${initial}` : `[=${initial}]`;
  return `      --${flag.name}${value}\t${flag.help}`;
}
