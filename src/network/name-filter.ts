import { findProgram, runProgram } from '#sys';
import { NetworkError } from './errors.ts';
import type { PodNames } from './name-records.ts';

const TABLE = 'rkt_names';

/**
 * Lets only the host and the pods of a network ask for its names: the server answers whoever reaches its address, be it a
 * pod of another network or, by a route, the world. Where there is no nft, it does.
 *
 * @throws {NetworkError} `names-failed`
 */
export async function guardNames(living: ReadonlyMap<string, PodNames>): Promise<void> {
  const nft = findProgram('nft');
  if (nft === undefined) return;
  const { status, stderr } = await runProgram(nft, ['-f', '-'], { input: planNameFilter(living) });
  // A kernel without nf_tables is a host without nft.
  if (status === 0 || /Protocol not supported/.test(stderr)) return;
  throw new NetworkError('names-failed', `nft: ${stderr.trim()}`);
}

/** The input of nft(8), in place of what there was; no table where no pod has names. Pure. */
export function planNameFilter(living: ReadonlyMap<string, PodNames>): string {
  const removal = `table inet ${TABLE}\ndelete table inet ${TABLE}\n`;
  const askers = new Map<string, Set<string>>();
  for (const { listen, addresses } of [...living.values()].flatMap(({ networks }) => networks)) {
    askers.set(listen, new Set([...(askers.get(listen) ?? []), ...addresses.filter((each) => isIpv6(each) === isIpv6(listen))]));
  }
  if (askers.size === 0) return removal;
  const rules = [...askers].map(([listen, addresses]) => {
    const ip = isIpv6(listen) ? 'ip6' : 'ip';
    const known = addresses.size === 0 ? '' : `${ip} saddr != { ${[...addresses].join(', ')} } `;
    return `\t\tiif != lo ${ip} daddr ${listen} ${known}meta l4proto { tcp, udp } th dport 53 reject\n`;
  });
  return `${removal}table inet ${TABLE} {\n\tchain questions {\n\t\ttype filter hook input priority filter - 1; policy accept;\n${rules.join('')}\t}\n}\n`;
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}
