import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { findProgram, runProgram } from '#sys';
import { NetworkError } from './errors.ts';
import type { PluginContext } from './plugin.ts';

/** One port of the host that leads to a port of the pod. */
export interface PublishedPort {
  readonly protocol: string;
  readonly hostPort: number;
  /** Absent: any address of the host. */
  readonly hostIP?: string;
  readonly podPort: number;
}

/** Where the ports lead: the pod's address on a network, and the host's own there. */
export interface PortTarget {
  readonly podIP: string;
  readonly hostIP: string | undefined;
}

/** The pod the rules are for; see {@link PluginContext}. */
export type RuleOwner = Pick<PluginContext, 'uuid' | 'lockFd'>;

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** The chains of one pod. A name has at most 28 characters, so it carries the first 12 digits of the UUID. */
function chainsOf(uuid: string): { dnat: string; snat: string } {
  const id = uuid.slice(0, 13);
  return { dnat: `RKT-PFWD-DNAT-${id}`, snat: `RKT-PFWD-SNAT-${id}` };
}

/**
 * The input of iptables-restore(8) that publishes ports, all of it in one transaction.
 *
 * To the addresses of the host from outside (PREROUTING) and from itself (OUTPUT). What comes from
 * 127.0.0.1, or from the pod itself, gets a source address that the answer finds the way back to.
 */
export function planPublishing(uuid: string, ports: readonly PublishedPort[], podIP: string): string {
  const { dnat, snat } = chainsOf(uuid);
  checkPorts(ports);
  if (!IPV4.test(podIP)) throw unsupported(`the pod's address ${JSON.stringify(podIP)} is not an IPv4 address`);
  return [
    '*nat',
    `:${dnat} - [0:0]`,
    `:${snat} - [0:0]`,
    `-I PREROUTING 1 -m addrtype --dst-type LOCAL -j ${dnat}`,
    `-I OUTPUT 1 -m addrtype --dst-type LOCAL -j ${dnat}`,
    `-I POSTROUTING 1 -d ${podIP} -j ${snat}`,
    ...ports.flatMap((port) => [
      `-A ${dnat} ${destination(port)}-p ${port.protocol} --dport ${port.hostPort} -j DNAT --to-destination ${podIP}:${port.podPort}`,
      ...['127.0.0.1', podIP].map(
        (source) => `-A ${snat} -s ${source} -d ${podIP} -p ${port.protocol} --dport ${port.podPort} -j MASQUERADE`,
      ),
    ]),
    'COMMIT',
    '',
  ].join('\n');
}

function destination({ hostIP }: PublishedPort): string {
  return hostIP === undefined || hostIP === '0.0.0.0' ? '' : `-d ${hostIP} `;
}

/** @throws {NetworkError} `port-unsupported` for the first that cannot be published */
export function checkPorts(ports: readonly PublishedPort[]): void {
  for (const port of ports) checkPort(port);
}

function checkPort(port: PublishedPort): void {
  if (!['tcp', 'udp', 'sctp'].includes(port.protocol)) throw unsupported(`cannot publish protocol ${JSON.stringify(port.protocol)}`);
  if (port.hostIP !== undefined && !IPV4.test(port.hostIP)) {
    throw unsupported(`cannot publish a port on ${JSON.stringify(port.hostIP)}: not an IPv4 address`);
  }
  for (const number of [port.hostPort, port.podPort]) {
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw unsupported(`no port number: ${number}`);
  }
}

function unsupported(message: string): NetworkError {
  return new NetworkError('port-unsupported', message);
}

/** @throws {NetworkError} `port-unsupported`, `ports-failed` */
export async function publishPorts(owner: RuleOwner, ports: readonly PublishedPort[], target: PortTarget): Promise<void> {
  const rules = planPublishing(owner.uuid, ports, target.podIP);
  if (target.hostIP !== undefined) routeLocalAddresses(target.hostIP);
  await restoreRules(rules, owner);
}

/** Lets packets from 127.0.0.1 leave by the interfaces that have the host's address on the pod's network. */
function routeLocalAddresses(hostIP: string): void {
  const { networkInterfaces } = createRequire(import.meta.url)('node:os') as typeof import('node:os');
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some(({ address }) => address === hostIP) !== true) continue;
    const file = `/proc/sys/net/ipv4/conf/${name}/route_localnet`;
    try {
      if (readFileSync(file, 'utf8').trim() !== '1') writeFileSync(file, '1');
    } catch (error) {
      // The interface of another pod may go at any time.
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

async function restoreRules(rules: string, { lockFd }: RuleOwner): Promise<void> {
  const program = findProgram('iptables-restore');
  if (program === undefined) throw new NetworkError('ports-failed', 'iptables-restore is not installed');
  const { status, stderr } = await runProgram(program, ['--noflush', '--wait', '10'], {
    input: rules,
    ...(lockFd === undefined ? {} : { inherit: lockFd }),
  });
  if (status !== 0) throw new NetworkError('ports-failed', `iptables-restore: ${stderr.trim()}`);
}

/**
 * Removes every rule of the nat table that was made for a pod: our own for ports, and those for
 * masquerading that a plugin could not find again because the pod's namespace had gone.
 *
 * @throws {NetworkError} `ports-failed`
 */
export async function removeRules(owner: RuleOwner): Promise<void> {
  const program = findProgram('iptables-save');
  if (program === undefined) return;
  const { status, stdout, stderr } = await runProgram(program, ['-t', 'nat'], {});
  if (status !== 0) throw new NetworkError('ports-failed', `iptables-save: ${stderr.trim()}`);
  const rules = planRuleRemoval(stdout, owner.uuid);
  if (rules !== undefined) await restoreRules(rules, owner);
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
