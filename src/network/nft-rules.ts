import { destinationOf, isOnLoopback, type PortTarget, type Publishing } from './published-ports.ts';

/** One table a pod: with it everything that rkt made of it goes. */
export function tableOf(uuid: string): string {
  return `rkt_${uuid.replaceAll('-', '_')}`;
}

/** The pod's address whose packets to beyond its network get the host's own. */
export type Masquerading = Pick<PortTarget, 'family' | 'podIP'> & { readonly network: string };

/** The input of nft(8) that publishes ports and masquerades, all of it in one transaction, instead of what there was. */
export function planNftTable(uuid: string, publishings: readonly Publishing[], masquerading: readonly Masquerading[]): string {
  const forwarded = publishings.flatMap(forwards);
  return `${planNftRemoval(uuid)}table inet ${tableOf(uuid)} {
	chain ports {
${lines(forwarded)}	}
	chain prerouting {
		type nat hook prerouting priority dstnat - 1; policy accept;
		fib daddr type local jump ports
	}
	chain output {
		type nat hook output priority -101; policy accept;
		fib daddr type local jump ports
	}
	chain postrouting {
		type nat hook postrouting priority srcnat - 1; policy accept;
${lines([...publishings.flatMap(returns), ...masquerading.map(masquerade)])}	}
${publishings.map(loopbackChains).join('')}}
`;
}

/** The table of a pod whose ports others forward, without what has connections to `::1` reach it. */
export function planNftLoopback(uuid: string, publishing: Publishing): string {
  return `${planNftRemoval(uuid)}table inet ${tableOf(uuid)} {
${loopbackChains(publishing)}}
`;
}

/**
 * A connection from `::1` goes out under the host's address on the pod's network; what comes back for that is led to
 * `::1` only after routing, for the kernel takes nothing for `::1` that has come by an interface.
 *
 * The source is changed before connections are tracked, its like after: to the tracking, and to the host's firewall, it is
 * a connection of that address. The answer is known by its source, which the translation of the destination, undone, has
 * made `::1` again: no packet comes in with that.
 *
 * Before the tracking, what a server on `::1` answers to a client that was given the published port as its own looks like
 * a question; but for a server's port, which is none of those that clients are given.
 */
function loopbackChains({ ports, loopback }: Publishing): string {
  if (loopback === undefined) return '';
  const { hostIP, clientPorts: [first, last] } = loopback;
  const leaving = ports.filter(isOnLoopback).map(({ protocol, hostPort }) => {
    const fromClient = hostPort < first || hostPort > last ? '' : ` ${protocol} sport ${first}-${last}`;
    return `ip6 saddr ::1 ip6 daddr ::1 ${protocol} dport ${hostPort}${fromClient} ip6 saddr set ${hostIP}`;
  });
  return `	chain to_loopback {
		type route hook output priority raw; policy accept;
${lines(leaving)}	}
	chain from_loopback {
		type filter hook input priority 101; policy accept;
		iif != lo ip6 saddr ::1 ip6 daddr ${hostIP} ip6 daddr set ::1
	}
`;
}

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `\t\t${rule}\n`).join('');
}

function forwards({ ports, loopback, target: { family, podIP } }: Publishing): string[] {
  const [ip, nfproto, to] = family === 4 ? ['ip', 'ipv4', podIP] : ['ip6', 'ipv6', `[${podIP}]`];
  return ports.map((port) => {
    const address = destinationOf(port);
    const any = family === 4 || loopback !== undefined ? '' : 'ip6 daddr != ::1 ';
    const destination = address === undefined ? any : `${ip} daddr ${address} `;
    return `meta nfproto ${nfproto} ${destination}${port.protocol} dport ${port.hostPort} dnat ${ip} to ${to}:${port.podPort}`;
  });
}

function returns({ ports, target: { family, podIP, neighbours } }: Publishing): string[] {
  const [ip, sources] = family === 4 ? ['ip', ['127.0.0.1', neighbours]] : ['ip6', [neighbours]];
  return ports.flatMap(({ protocol, podPort }) =>
    sources.map((source) => `${ip} saddr ${source} ${ip} daddr ${podIP} ${protocol} dport ${podPort} masquerade`),
  );
}

function masquerade({ family, podIP, network }: Masquerading): string {
  const [ip, multicast] = family === 4 ? ['ip', '224.0.0.0/4'] : ['ip6', 'ff00::/8'];
  return `${ip} saddr ${podIP} ${ip} daddr != { ${network}, ${multicast} } masquerade`;
}

/** Works whether the table is there or not: nft of today's distributions has no `destroy`. */
export function planNftRemoval(uuid: string): string {
  return `table inet ${tableOf(uuid)}\ndelete table inet ${tableOf(uuid)}\n`;
}
