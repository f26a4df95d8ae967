import type { Attached } from './attach.ts';
import type { Address } from './cni-result.ts';
import type { Masquerading } from './nft-rules.ts';
import { type Family, familyOf, type PortTarget } from './published-ports.ts';

/** For each address family, the first network that masquerades and has an address of it, else the last that has one. */
export function chooseTargets(attached: readonly Attached[]): PortTarget[] {
  const families: readonly Family[] = [4, 6];
  return families.flatMap((family) => {
    const having = attached.filter((each) => addressOf(each, family) !== undefined);
    const chosen = having.find(({ attachment }) => attachment.conf.ipMasq) ?? having.at(-1);
    return chosen === undefined ? [] : [targetOf(chosen, addressOf(chosen, family)!)];
  });
}

function addressOf({ result }: Attached, family: Family): Address | undefined {
  return result.addresses.find(({ ip }) => familyOf(ip) === family);
}

function targetOf({ attachment }: Attached, address: Address): PortTarget {
  const family = familyOf(address.ip);
  // Between pods on point-to-point links is always the host; the pod itself is one hop from itself.
  const routed = attachment.conf.plugins[0]!.type === 'ptp';
  const neighbours = routed ? `${address.ip}/${family === 4 ? 32 : 128}` : `${address.ip}/${address.prefixLength}`;
  return { family, podIP: address.ip, neighbours, ...(address.gateway === undefined ? {} : { hostIP: address.gateway }) };
}

/** Where rkt masquerades in place of the plugins. */
export function masqueradings(attached: readonly Attached[]): Masquerading[] {
  return attached
    .filter(({ attachment }) => attachment.hostMasquerades === true)
    .flatMap(({ result }) =>
      result.addresses.map(({ ip, prefixLength }) => ({ family: familyOf(ip), podIP: ip, network: `${ip}/${prefixLength}` })),
    );
}

/** The host's IPv4 address on the first network that masquerades, else the last. */
export function hostAddressOf(attached: readonly Attached[]): string | undefined {
  return chooseTargets(attached).find(({ family }) => family === 4)?.hostIP;
}
