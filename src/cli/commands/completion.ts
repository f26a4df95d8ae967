import { badRequest } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { bashCompletion } from '../output/bash-completion.ts';

/** `rkt completion bash` */
export const execute: Command = async ({ line: { args } }) => {
  const [shell, more] = args;
  if (shell === undefined) throw badRequest('shell not specified');
  if (more !== undefined) throw badRequest('too many arguments, expected only the shell type');
  if (shell !== 'bash') throw badRequest(`unsupported shell type "${shell}"`);
  return { stdout: bashCompletion(), exitCode: 0 };
};
