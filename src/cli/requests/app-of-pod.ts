import { type AcName, parseAcName } from '#appc';
import type { AppRequest } from '#stage0';
import { attempt, badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import type { CommandLine } from '../parse/command-line.ts';
import { parseLast } from './flag-text.ts';

/** `UUID --app=NAME`; `doing` is what is to be done to the app. Throws CliError. */
export async function appOfPod({ args, flags }: CommandLine, doing: string): Promise<AppRequest> {
  const [pod] = args;
  if (pod === undefined) throw badRequest('must provide the pod UUID');
  const name = flags.optional('app');
  if (name === undefined) throw badRequest(`must provide the app to ${doing}`);
  return { pod, app: await attempt('invalid app name', () => parseAcName(name)) };
}

/** `--app` of a command that can do without. */
export function appFlag(flags: FlagValues): AcName | undefined {
  return flags.optional('app') === undefined ? undefined : parseLast(flags, 'app', parseAcName);
}
