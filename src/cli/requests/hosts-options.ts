import { parseIp } from '#appc';
import { quoted } from '#errors';
import type { HostsOptions } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';

/** What becomes of /etc/hosts: the host's, one with these entries, or the flavor's own. */
export function hostsOptions(flags: FlagValues): HostsOptions {
  const given = flags.list('hosts-entry');
  const entries = given.filter((entry) => entry !== 'host').flatMap((entry) => entry.split(','));
  const names = new Map<string, string[]>();
  for (const entry of entries) addEntry(names, entry);
  if (!given.includes('host')) return { mode: names.size > 0 ? 'stage0' : 'default', entries: listed(names) };
  if (names.size > 0) throw hostsFault('cannot pass --hosts-entry=host with multiple hosts-entries');
  return { mode: 'host', entries: [] };
}

/** A word of hosts(5). */
const NAME = /^[^\s\p{Cc}#]+$/u;

function addEntry(names: Map<string, string[]>, entry: string): void {
  const at = entry.indexOf('=');
  if (at < 0) throw hostsFault(`Did not understand --hosts-entry ${entry}`);
  const address = entry.slice(0, at);
  if (parseIp(address) === undefined) throw hostsFault(`Invalid IP passed to --hosts-entry: ${address}`);
  const name = entry.slice(at + 1);
  if (!NAME.test(name)) throw hostsFault(`Did not understand --hosts-entry ${quoted(entry)}`);
  names.set(address, [...(names.get(address) ?? []), name]);
}

function listed(names: ReadonlyMap<string, readonly string[]>): HostsOptions['entries'] {
  return [...names].map(([address, of]) => ({ address, names: of }));
}

function hostsFault(message: string): Error {
  return badRequest(`error with dns flags: ${message}`);
}
