import { parseIp } from '#appc';
import { quoted } from '#errors';
import type { DnsOptions } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';

/** What becomes of /etc/resolv.conf: the host's, none, one of these values, or what the network says. */
export function dnsOptions(flags: FlagValues): DnsOptions {
  const servers = flags.list('dns');
  const special = servers.find((server) => server === 'host' || server === 'none');
  if (special !== undefined && servers.length > 1) {
    throw dnsFault(`no other --dns options allowed when --dns=${special} is passed`);
  }
  const own = {
    nameservers: special === undefined ? servers.flatMap((text) => text.split(',')).map(checkAddress) : [],
    search: flags.list('dns-search'),
    options: flags.list('dns-opt'),
    domain: flags.optional('dns-domain'),
  };
  for (const text of [...own.search, ...own.options, own.domain ?? []].flat()) checkOneLine(text);
  const empty = [own.nameservers, own.search, own.options].every((list) => list.length === 0) && own.domain === undefined;
  if (special !== undefined && !empty) {
    throw dnsFault(`Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=${special}`);
  }
  return { mode: special ?? (empty ? 'default' : 'stage0'), ...own };
}

function checkAddress(text: string): string {
  if (parseIp(text) === undefined) throw dnsFault(`Invalid IP passed to --dns: ${text}`);
  return text;
}

/** What would be lines of the file that nobody asked for. */
function checkOneLine(text: string): void {
  if (text === '' || /\p{Cc}/u.test(text)) throw dnsFault(`${quoted(text)} is no domain or option of a resolver`);
}

function dnsFault(message: string): Error {
  return badRequest(`error with dns flags: ${message}`);
}
