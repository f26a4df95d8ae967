import { readFileSync } from 'node:fs';
import { RktError } from '#errors';
import { attempt, CliError } from '../cli-error.ts';
import type { CommandLine } from '../parse/command-line.ts';

/** The pods that the words name, or the one that `--uuid-file` does; undefined when it is neither, or both. */
export async function podArguments({ args, flags }: CommandLine): Promise<readonly string[] | undefined> {
  const file = flags.optional('uuid-file');
  if ((file === undefined) === (args.length === 0)) return undefined;
  if (file === undefined) return args;
  return [await attempt('unable to resolve UUID from file', () => readFileSync(file, 'utf8').trim())];
}

const lookupCodes = ['uuid-empty', 'uuid-invalid', 'uuid-ambiguous', 'pod-not-found'];

/** Runs `action`; that there is no such pod is told as a problem of `doing`, everything else as it is. */
export async function withPod<T>(doing: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof RktError) || !lookupCodes.includes(error.code)) throw error;
    throw new CliError('failed', doing, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}
