import { NetworkError } from './errors.ts';
import { isObject, type Json, type NetworkConf, type PluginConf } from './network-conf.ts';
import { destinationOf, type PublishedPort } from './published-ports.ts';

/** Those that are lists, however many values are given (CNI CONVENTIONS.md). */
const LISTS: ReadonlySet<string> = new Set(['ips', 'aliases']);

/** Arguments of CNI_ARGS that have a capability of the same meaning. */
const CAPABILITY_OF: Readonly<Record<string, string>> = { IP: 'ips', MAC: 'mac' };

export interface SplitArgs {
  /** `K=V;K2=V2` for CNI_ARGS. */
  readonly args: string;
  /** What plugins are told in `runtimeConfig`, by capability. */
  readonly capabilityArgs: Json;
}

/**
 * Divides the arguments of a network between CNI_ARGS and the capabilities that its plugins declare:
 * `ips=10.1.2.3/24`, `mac=…`, `bandwidth.ingressRate=8000000`. An argument of a capability that no plugin
 * declares stays where it is, and plugins may refuse it. Where `aliases` are declared, the pod's names are among them.
 */
export function splitArgs(conf: NetworkConf, args: string, names: readonly string[] = []): SplitArgs {
  const declared = new Set(conf.plugins.flatMap((plugin) => plugin.capabilities));
  const rest: string[] = [];
  const capabilityArgs: Record<string, unknown> = names.length > 0 && declared.has('aliases') ? { aliases: names } : {};
  for (const pair of args.split(';').filter((each) => each !== '')) {
    const { path, value } = splitPair(pair, declared);
    if (declared.has(path[0]!)) put(capabilityArgs, path, value);
    else rest.push(pair);
  }
  return { args: rest.join(';'), capabilityArgs };
}

function splitPair(pair: string, declared: ReadonlySet<string>): { path: readonly string[]; value: string } {
  const equals = pair.indexOf('=');
  const key = equals === -1 ? pair : pair.slice(0, equals);
  const value = equals === -1 ? '' : pair.slice(equals + 1);
  const same = CAPABILITY_OF[key];
  return { path: same !== undefined && declared.has(same) ? [same] : key.split('.'), value };
}

function put(into: Record<string, unknown>, path: readonly string[], text: string): void {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length > 0) {
    const inner = isObject(into[name]) ? { ...into[name] } : {};
    put(inner, rest, text);
    into[name] = inner;
    return;
  }
  const before = into[name];
  if (Array.isArray(before)) into[name] = [...before, text];
  else if (before !== undefined) into[name] = [before, text];
  else into[name] = LISTS.has(name) ? [text] : scalar(text);
}

function scalar(text: string): string | number | boolean {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

/**
 * The ports, for a plugin that forwards them itself.
 *
 * @throws {NetworkError} `port-unsupported` for one on `::1`: today's plugins have connections to it go unanswered
 */
export function portMappings(ports: readonly PublishedPort[]): Json {
  if (ports.some(({ hostIP }) => hostIP === '::1')) {
    throw new NetworkError('port-unsupported', 'cannot publish a port on ::1: a plugin forwards the ports', { hint: '127.0.0.1 can be published on' });
  }
  return {
    portMappings: ports.map((port) => {
      const { protocol, hostPort, podPort } = port;
      // Today's plugins would take any address for one.
      const hostIP = destinationOf(port);
      return { hostPort, containerPort: podPort, protocol, ...(hostIP === undefined ? {} : { hostIP }) };
    }),
  };
}

export function forwardsPorts(conf: NetworkConf): boolean {
  return conf.plugins.some((plugin) => plugin.capabilities.includes('portMappings'));
}

/** The `runtimeConfig` of one plugin: what it declares, of what there is. Empty where that is nothing. */
export function runtimeConfigOf(plugin: PluginConf, capabilityArgs: Json): Json {
  const names = plugin.capabilities.filter((name) => name in capabilityArgs);
  return names.length === 0 ? {} : { runtimeConfig: Object.fromEntries(names.map((name) => [name, capabilityArgs[name]])) };
}
