import { bool, type FlagSpec, text, value } from './spec.ts';

/** The names `--insecure-options` takes, in the order help shows them. */
export const insecureNames = [
  'none', 'image', 'tls', 'ondisk', 'http', 'pubkey', 'capabilities', 'paths', 'seccomp', 'all-fetch', 'all-run', 'all',
] as const;

const quotedNames = insecureNames.map((name) => `"${name}"`).join(', ');

/** Accepted before and after every command. */
export const globalFlags: readonly FlagSpec[] = [
  bool('debug', 'print out more debug information to stderr'),
  value('dir', 'rkt data directory', { initial: '/var/lib/rkt' }),
  value('insecure-options', `comma-separated list of security features to disable. Allowed values: ${quotedNames}`, {
    initial: 'none',
  }),
  value('local-config', 'local configuration directory', { initial: '/etc/rkt' }),
  value('system-config', 'system configuration directory', { initial: '/usr/lib/rkt' }),
  bool('trust-keys-from-https', 'automatically trust gpg keys fetched from https'),
  value('user-config', 'user configuration directory'),
  text('cpuprofile', 'write CPU profile to the file', { hidden: true }),
  text('memprofile', 'write memory profile to the file', { hidden: true }),
];
