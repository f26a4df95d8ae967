import type { Command } from '../command.ts';
import { notAvailable } from '../parse/flag-reader.ts';
import { findCommand, unknownCommand } from '../parse/find-command.ts';
import { helpText } from '../output/help.ts';

/** `rkt help [COMMAND]` */
export const execute: Command = async ({ line: { args } }) => {
  const { command, path, rest } = findCommand(args);
  if (command.commands !== undefined && rest[0] !== undefined) throw unknownCommand(path, rest[0]);
  if (command.later) throw notAvailable(`command "${path.join(' ')}"`);
  return { stdout: helpText(command, path), exitCode: 0 };
};
