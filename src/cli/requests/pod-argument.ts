import { RktError } from '#errors';
import { readBounded } from '#sys';
import { attempt, badRequest, CliError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import type { CommandLine } from '../parse/command-line.ts';

/** The pods that the words name, or the one that `--uuid-file` does; undefined when it is neither, or both. */
export async function podArguments({ args, flags }: CommandLine): Promise<readonly string[] | undefined> {
  const file = flags.optional('uuid-file');
  if ((file === undefined) === (args.length === 0)) return undefined;
  if (file === undefined) return args;
  return [await attempt('unable to resolve UUID from file', () => readUuidFile(file))];
}

/** As {@link podArguments}; that the file is no use is told at once. */
export async function askedPods(context: Pick<CommandContext, 'line' | 'sayError'>): Promise<readonly string[] | 'unreadable' | undefined> {
  try {
    return await podArguments(context.line);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.sayError(error);
    return 'unreadable';
  }
}

/** Nothing of a file that is another than was meant is repeated. */
function readUuidFile(file: string): string {
  const text = readBounded(file, LARGEST_UUID_FILE).toString().trim();
  if (!/^[0-9a-f-]{0,36}$/.test(text)) throw badRequest(`${file} holds no UUID`);
  return text;
}

const LARGEST_UUID_FILE = 4096;

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
