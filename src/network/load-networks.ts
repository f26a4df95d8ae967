import { readFileSync } from 'node:fs';
import { listDirectory } from '#sys';
import { builtinNetworks } from './builtin-networks.ts';
import { NetworkError } from './errors.ts';
import type { NetList } from './net-list.ts';
import { type NetworkConf, parseNetworkConf } from './network-conf.ts';

export interface WantedNetwork {
  readonly conf: NetworkConf;
  readonly args: string;
}

type Warn = (text: string) => void;

/**
 * The networks a list asks for, in the order of their file names: the user's, and those built in that the
 * user has none of the same name for.
 *
 * @throws {NetworkError} `network-not-found`, `configuration-invalid`
 */
export function loadNetworks(list: NetList, localConfigDir: string, warn: Warn = () => {}): WantedNetwork[] {
  if (list.kind !== 'contained') return [];
  const args = new Map(list.names.map((request) => [request.name, request.args]));
  const wanted = (conf: NetworkConf): boolean => list.all || args.has(conf.name);
  const networks = firstOfEachName([...builtinNetworks].map(([file, text]) => parseNetworkConf(file, text)).filter(wanted));
  for (const [name, conf] of firstOfEachName(readUserNetworks(`${localConfigDir}/net.d`).filter(wanted), warn)) {
    if (networks.has(name)) warn(`overriding ${JSON.stringify(name)} network with one from ${localConfigDir}/net.d`);
    networks.set(name, conf);
  }
  const missing = [...args.keys()].filter((name) => !networks.has(name));
  if (missing.length > 0) {
    const hint = `a network is configured by a file ${localConfigDir}/net.d/*.conf or *.conflist`;
    throw new NetworkError('network-not-found', `networks not found: ${missing.sort().join(', ')}`, { hint });
  }
  return [...networks.values()]
    .sort((a, b) => (a.fileName < b.fileName ? -1 : 1))
    .map((conf) => ({ conf, args: args.get(conf.name) ?? '' }));
}

function readUserNetworks(directory: string): NetworkConf[] {
  return listDirectory(directory)
    .filter((name) => /\.conf(list)?$/.test(name))
    .map((name) => parseNetworkConf(`${directory}/${name}`, readFileSync(`${directory}/${name}`, 'utf8')));
}

function firstOfEachName(confs: readonly NetworkConf[], warn: Warn = () => {}): Map<string, NetworkConf> {
  const networks = new Map<string, NetworkConf>();
  for (const conf of confs) {
    if (networks.has(conf.name)) warn(`${JSON.stringify(conf.name)} network already defined, ignoring ${conf.fileName}`);
    else networks.set(conf.name, conf);
  }
  return networks;
}
