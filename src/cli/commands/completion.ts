import { badRequest } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { bashCompletion } from '../output/bash-completion.ts';

/** `rkt completion bash` */
export const execute: Command = async ({ line: { args } }) => {
  const [shell, more] = args;
  if (shell === undefined) throw badRequest('shell type is not specified');
  if (more !== undefined) throw badRequest('too many arguments, only shell type is expected');
  if (shell !== 'bash') throw badRequest(`'${shell}' shell is not supported`);
  return { stdout: bashCompletion(), exitCode: 0 };
};
