import type { NameValue } from '#appc';

/** What an app finds in its environment where the manifest does not say otherwise. */
const DEFAULTS: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  SHELL: '/bin/sh',
  USER: 'root',
  LOGNAME: 'root',
  HOME: '/root',
};

export interface EnvironmentInput {
  readonly appName: string;
  readonly environment: readonly NameValue[];
  /** The caller's TERM, for an app on a terminal. */
  readonly terminal?: string;
  readonly metadataUrl?: string;
}

/**
 * The environment of an app: rkt's defaults, over them the manifest's, over them what the executor sets
 * (appc spec/ace.md, Execution Environment).
 */
export function planEnvironment(input: EnvironmentInput): Map<string, string> {
  const environment = new Map(Object.entries(DEFAULTS));
  if (input.terminal !== undefined) environment.set('TERM', input.terminal);
  environment.set('container', 'rkt');
  for (const { name, value } of input.environment) environment.set(name, value);
  environment.set('AC_APP_NAME', input.appName);
  if (input.metadataUrl !== undefined) environment.set('AC_METADATA_URL', input.metadataUrl);
  return environment;
}
