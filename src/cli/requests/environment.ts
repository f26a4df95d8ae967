import type { NameValue } from '#appc';
import { isSystemError, messageOf } from '#errors';
import type { PodEnvironment } from '#stage0';
import { readBounded } from '#sys';
import { CliError } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseAll } from './flag-text.ts';
import { parseNameValue } from './name-values.ts';

/** The variables for all apps; reads the files that `--set-env-file` names. */
export function podEnvironment(flags: FlagValues, callers: Readonly<NodeJS.ProcessEnv>): PodEnvironment {
  const explicit = parseAll(flags, 'set-env', (text) => parseNameValue(text, 'must be specified as key=value'));
  const files = parseAll(flags, 'set-env-file', (path) => ({ path, entries: readEnvironmentFile(path) }));
  return {
    inherited: flags.bool('inherit-env') ? entriesOf(callers) : [],
    fromFiles: unique(
      files.flatMap(({ path, entries }) => entries.map((entry) => ({ ...entry, path }))),
      ({ name, path }) => `environment variable "${name}" already set (file "${path}")`,
    ),
    explicit: unique(explicit, ({ name }) => `key "${name}" already set`),
  };
}

/** What a service manager tells the process that it starts is for that alone. */
const FOR_RKT = ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC', 'LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'SYSTEMD_EXEC_PID'];

function entriesOf(environment: Readonly<NodeJS.ProcessEnv>): NameValue[] {
  return Object.entries(environment).flatMap(([name, value]) => (value === undefined || FOR_RKT.includes(name) ? [] : [{ name, value }]));
}

/** A `NAME=VALUE` a line; empty lines and those that begin with `#` or `;` do not count. */
function parseEnvironmentFile(content: string, path: string): NameValue[] {
  const fault = `environment variable must be specified as name=value (file "${path}")`;
  const lines = content.split(/\r?\n/).filter((line) => line !== '' && !/^[#;]/.test(line));
  return lines.map((line) => {
    const entry = parseNameValue(line, fault);
    if (entry.name === '') throw new CliError('usage', fault);
    return entry;
  });
}

/** The kernel takes less than that for a program. */
const LARGEST_FILE = 4 << 20;

function readEnvironmentFile(path: string): NameValue[] {
  try {
    return parseEnvironmentFile(readBounded(path, LARGEST_FILE).toString(), path);
  } catch (error) {
    if (isSystemError(error)) throw new CliError('usage', messageOf(error), { cause: error });
    throw error;
  }
}

function unique<Entry extends NameValue>(entries: readonly Entry[], fault: (entry: Entry) => string): NameValue[] {
  const seen = new Set<string>();
  return entries.map((entry) => {
    if (seen.has(entry.name)) throw new CliError('usage', fault(entry));
    seen.add(entry.name);
    return { name: entry.name, value: entry.value };
  });
}
