import { destinationOf, type Family, type LoopbackRoad, type Publishing } from './published-ports.ts';

/** The chains of one pod. A name has at most 28 characters, so it carries the first 12 digits of the UUID. */
function chainsOf(uuid: string): { dnat: string; snat: string } {
  const id = uuid.slice(0, 13);
  return { dnat: `RKT-PFWD-DNAT-${id}`, snat: `RKT-PFWD-SNAT-${id}` };
}

/**
 * The input of iptables-restore(8), or of ip6tables-restore, that publishes ports, all of it in one transaction.
 *
 * To the addresses of the host from outside (PREROUTING) and from itself (OUTPUT). What comes from
 * loopback, or from beside the pod or the pod itself, gets a source address that the answer finds the way back to.
 */
export function planIptables(uuid: string, { ports, target, loopback }: Publishing): string {
  const { dnat, snat } = chainsOf(uuid);
  const { podIP } = target;
  const to = target.family === 4 ? podIP : `[${podIP}]`;
  const sources = [...(target.family === 4 ? ['127.0.0.1'] : []), target.neighbours];
  return [
    '*nat',
    `:${dnat} - [0:0]`,
    `:${snat} - [0:0]`,
    `-I PREROUTING 1 -m addrtype --dst-type LOCAL -j ${dnat}`,
    `-I OUTPUT 1 -m addrtype --dst-type LOCAL -j ${dnat}`,
    `-I POSTROUTING 1 -d ${podIP} -j ${snat}`,
    ...ports.flatMap((port) => {
      const address = destinationOf(port);
      const destination = address === undefined ? anyOf(target.family, loopback) : `-d ${address} `;
      return [
        `-A ${dnat} ${destination}-p ${port.protocol} --dport ${port.hostPort} -j DNAT --to-destination ${to}:${port.podPort}`,
        ...sources.map((source) => `-A ${snat} -s ${source} -d ${podIP} -p ${port.protocol} --dport ${port.podPort} -j MASQUERADE`),
      ];
    }),
    'COMMIT',
    '',
  ].join('\n');
}

/** Where nothing brings the answers back to `::1`, a connection to it is better refused than left without any. */
function anyOf(family: Family, loopback: LoopbackRoad | undefined): string {
  return family === 4 || loopback !== undefined ? '' : '! -d ::1 ';
}

/** The input of iptables-restore(8) that takes out of `saved` what is a pod's; undefined where nothing is. */
export function planRuleRemoval(saved: string, uuid: string): string | undefined {
  const lines = saved.split('\n').filter((line) => line.startsWith('-A '));
  const own = Object.values(chainsOf(uuid));
  // As the CNI plugins name the owner of a rule, in a comment.
  const commented = lines.filter((line) => line.includes(`id: \\"${uuid}\\""`));
  const chains = new Set([
    ...own.filter((chain) => saved.includes(`\n:${chain} `)),
    ...commented.flatMap((line) => /^-A POSTROUTING .* -j (CNI-[0-9a-f]+)$/.exec(line)?.[1] ?? []),
  ]);
  if (chains.size === 0) return undefined;
  const jumps = lines.filter((line) => chains.has(/ -j (\S+)$/.exec(line)?.[1] ?? ''));
  return [
    '*nat',
    ...jumps.map((line) => `-D ${line.slice(3)}`),
    ...[...chains].map((chain) => `-F ${chain}`),
    ...[...chains].map((chain) => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n');
}
