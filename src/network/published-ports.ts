import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NetworkError } from './errors.ts';

/** One port of the host that leads to a port of the pod. */
export interface PublishedPort {
  readonly protocol: string;
  readonly hostPort: number;
  /** Absent, `0.0.0.0` or `::`: any address of the host, of that family. */
  readonly hostIP?: string;
  readonly podPort: number;
}

export type Family = 4 | 6;

/** Where the ports of one address family lead: the pod's address on a network, and the host's own there. */
export interface PortTarget {
  readonly family: Family;
  readonly podIP: string;
  readonly hostIP?: string;
  /**
   * The addresses, as `ADDRESS/LENGTH`, that reach the pod without the host in between: answers to them would
   * pass the host by, so the host asks in its own name.
   */
  readonly neighbours: string;
}

/** What is published, and where to. */
export interface Publishing {
  readonly target: PortTarget;
  readonly ports: readonly PublishedPort[];
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** The address that a port is published on alone; undefined: any. */
export function destinationOf({ hostIP }: PublishedPort): string | undefined {
  return hostIP === undefined || hostIP === '0.0.0.0' || hostIP === '::' ? undefined : hostIP;
}

/** @throws {NetworkError} `port-unsupported` for the first that cannot be published */
export function checkPorts(ports: readonly PublishedPort[]): void {
  for (const port of ports) checkPort(port);
}

function checkPort(port: PublishedPort): void {
  if (!['tcp', 'udp', 'sctp'].includes(port.protocol)) throw unsupported(`cannot publish protocol ${JSON.stringify(port.protocol)}`);
  if (port.hostIP !== undefined && !/^[0-9a-fA-F.:]+$/.test(port.hostIP)) {
    throw unsupported(`cannot publish a port on ${JSON.stringify(port.hostIP)}: not an IP address`);
  }
  if (port.hostIP === '::1') {
    const hint = '127.0.0.1 can be published on';
    throw new NetworkError('port-unsupported', 'cannot publish a port on ::1: the kernel takes no answer to it from a pod', { hint });
  }
  for (const number of [port.hostPort, port.podPort]) {
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw unsupported(`no port number: ${number}`);
  }
}

function unsupported(message: string): NetworkError {
  return new NetworkError('port-unsupported', message);
}

/**
 * Which ports are published for which address of the pod: those on an address of the host for its family
 * alone, the others for every family the pod has an address of.
 *
 * @throws {NetworkError} `ports-failed` for a port that would lead nowhere
 */
export function divideByFamily(ports: readonly PublishedPort[], targets: readonly PortTarget[]): Publishing[] {
  for (const { hostIP } of ports) {
    const reached = targets.some(({ family }) => hostIP === undefined || family === familyOf(hostIP));
    if (!reached) throw new NetworkError('ports-failed', `cannot publish ports: no network gave an ${nameOf(hostIP)} address`);
  }
  return targets
    .map((target) => ({ target, ports: ports.filter(({ hostIP }) => hostIP === undefined || familyOf(hostIP) === target.family) }))
    .filter((each) => each.ports.length > 0);
}

function nameOf(hostIP: string | undefined): string {
  return hostIP === undefined ? 'IP' : `IPv${familyOf(hostIP)}`;
}

/**
 * Lets packets from 127.0.0.1 leave by the interfaces that have the host's address on the pod's network.
 * IPv6 has no such switch: what is sent from ::1 arrives with another source address, but the answer, given its own back,
 * is looked up strictly by its interface, where ::1 is not, and with a route there it is dropped all the same.
 */
export function routeLocalAddresses({ family, hostIP }: PortTarget): void {
  if (family !== 4 || hostIP === undefined) return;
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
