import { readFileSync, writeFileSync } from 'node:fs';
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
  /** How connections to `::1` reach the pod; absent: they do not. */
  readonly loopback?: LoopbackRoad;
}

export interface LoopbackRoad {
  /** The address of the host in whose name they are made. */
  readonly hostIP: string;
  /** The first and the last of the ports that the kernel gives to clients. */
  readonly clientPorts: readonly [number, number];
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

/** Whether a port is published on loopback of its family, be it among other addresses. */
export function isOnLoopback(port: PublishedPort): boolean {
  return ['127.0.0.1', '::1', undefined].includes(destinationOf(port));
}

/** The interfaces of the host that have an address. */
export function interfacesWith(hostIP: string): string[] {
  const { networkInterfaces } = process.getBuiltinModule('node:os');
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => (addresses?.some(({ address }) => address === hostIP) === true ? [name] : []));
}

/**
 * Lets packets from 127.0.0.1 leave by the interfaces that have the host's address on the pod's network. IPv6 has no
 * such switch.
 */
export function routeLocalAddresses({ family, hostIP }: PortTarget): void {
  if (family !== 4 || hostIP === undefined) return;
  for (const name of interfacesWith(hostIP)) {
    const file = `/proc/sys/net/ipv4/conf/${name}/route_localnet`;
    try {
      if (readFileSync(file, 'utf8').trim() !== '1') writeFileSync(file, '1');
    } catch (error) {
      // The interface of another pod may go at any time.
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
