import { resolve } from 'node:path';
import type { GlobalOptions, InsecureOptions } from '#stage0';
import { CliError } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseOptionList } from '../flags/values.ts';

export function globalOptions(flags: FlagValues): GlobalOptions {
  const directory = (name: string): string => {
    if (flags.text(name) === '') throw new CliError('usage', `invalid argument "" for --${name}=: "" is not a valid directory`);
    return resolve(flags.text(name));
  };
  return {
    debug: flags.bool('debug'),
    dataDir: flags.given('dir') ? directory('dir') : undefined,
    configDirs: {
      systemDir: directory('system-config'),
      localDir: directory('local-config'),
      userDir: flags.given('user-config') ? directory('user-config') : undefined,
    },
    insecure: insecureOptions(flags.text('insecure-options')),
    trustKeysFromHttps: flags.bool('trust-keys-from-https'),
  };
}

const fetching = ['image', 'tls', 'http', 'pubkey'] as const;
const running = ['capabilities', 'paths', 'seccomp'] as const;
const groups: Readonly<Record<string, readonly string[]>> = {
  'all-fetch': fetching,
  'all-run': running,
  all: [...fetching, ...running],
};

/** `ondisk` is known from old times and means nothing. */
function insecureOptions(text: string): InsecureOptions {
  const off = new Set(parseOptionList(text).flatMap((name) => groups[name] ?? [name]));
  return {
    image: off.has('image'),
    tls: off.has('tls'),
    http: off.has('http'),
    pubkey: off.has('pubkey'),
    capabilities: off.has('capabilities'),
    paths: off.has('paths'),
    seccomp: off.has('seccomp'),
  };
}
