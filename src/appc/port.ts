import { messageOf, quoted } from '#errors';
import { booleanOf, type Decode, defined, integerOf, objectOf, optional, required, stringOf, wrong } from './decode.ts';
import { AppcError } from './error.ts';
import { parseIp } from './ip.ts';
import { parseAcName } from './name.ts';
import type { AcName, ExposedPort, Port } from './types.ts';

const MAXIMUM_PORT = 65535;

export const decodePort: Decode<Port> = (value) => {
  const object = objectOf(value);
  const port = required(object, 'port', portNumber);
  const count = optional(object, 'count', integerOf(0, MAXIMUM_PORT)) ?? 0;
  if (port + count > MAXIMUM_PORT + 1) wrong('end of port range must be in 1-65535 range');
  return {
    name: required(object, 'name', (text) => parseAcName(stringOf(text))),
    protocol: optional(object, 'protocol', stringOf) ?? '',
    port,
    count: count === 0 ? 1 : count,
    socketActivated: optional(object, 'socketActivated', booleanOf) ?? false,
  };
};

function portNumber(value: unknown): number {
  const isPort = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAXIMUM_PORT;
  return isPort ? value : wrong('port must be in 1-65535 range');
}

/** In the order Go writes it, with the members that Go always writes. */
export function orderPort({ name, protocol, port, count = 1, socketActivated = false }: Port): object {
  return { name, protocol, port, count, socketActivated };
}

export const decodeExposedPort: Decode<ExposedPort> = (value) => {
  const object = objectOf(value);
  return defined<ExposedPort>({
    name: required(object, 'name', (text) => parseAcName(stringOf(text))),
    hostPort: required(object, 'hostPort', portNumber),
    hostIP: optional(object, 'hostIP', ipOrEmpty) || undefined,
    podPort: optional(object, 'podPort', decodePort),
  });
};

function ipOrEmpty(value: unknown): string {
  const text = stringOf(value);
  return text === '' ? '' : (parseIp(text) ?? wrong(`invalid IP address: ${text}`));
}

/** In the order Go writes it. */
export function orderExposedPort({ name, hostPort, hostIP, podPort }: ExposedPort): object {
  return { name, hostPort, hostIP, podPort: podPort && orderPort(podPort) };
}

/** The value of `--port`: `NAME:[HOSTIP:]HOSTPORT`, an IPv6 address in brackets. Throws `bad-port`. */
export function parsePortFlag(text: string): ExposedPort {
  const [name, address, port, ...rest] = splitColons(text);
  if (name === undefined || address === undefined || rest.length > 0) {
    throw bad(`${quoted(text)} is not in name:[ip:]port format`);
  }
  if (port === undefined) return { name: portName(name), hostPort: parsePortNumber(address) };
  return { name: portName(name), hostPort: parsePortNumber(port), hostIP: parseAddress(address) };
}

/** The value of `--port` of `rkt app sandbox`: `NAME:tcp|udp:PODPORT:HOSTIP:HOSTPORT`. Throws `bad-port`. */
export function parseSandboxPortFlag(text: string): ExposedPort {
  const [name, protocol, podPort, address, hostPort, ...rest] = splitColons(text);
  if (name === undefined || podPort === undefined || address === undefined || hostPort === undefined || rest.length > 0) {
    throw bad(`--port invalid format: ${quoted(text)} is not in name:proto:podPort:hostIP:hostPort format`);
  }
  if (protocol !== 'tcp' && protocol !== 'udp') throw bad(`invalid protocol ${quoted(protocol ?? '')}`);
  const port = { name: portName(name), protocol, port: parsePortNumber(podPort), count: 1, socketActivated: false };
  return { name: port.name, hostPort: parsePortNumber(hostPort), hostIP: parseAddress(address), podPort: port };
}

function splitColons(text: string): string[] {
  return text.match(/(?<=^|:)(?:\[[^\]]*\]|[^:]*)(?=:|$)/g) ?? [];
}

function portName(text: string): AcName {
  try {
    return parseAcName(text);
  } catch (thrown) {
    throw new AppcError('bad-port', `${quoted(text)} is not a valid port name: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function parseAddress(text: string): string {
  const address = parseIp(/^\[(.*:.*)\]$/.exec(text)?.[1] ?? text);
  if (address !== undefined) return address;
  throw bad(`${quoted(text)} is not a valid IP`);
}

function parsePortNumber(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= MAXIMUM_PORT) return port;
  throw bad(`${quoted(text)} is not a valid port number`);
}

function bad(message: string): AppcError {
  return new AppcError('bad-port', message);
}
