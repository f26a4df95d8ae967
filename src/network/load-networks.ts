import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '#errors';
import { listDirectory } from '#sys';
import { builtinNetworks } from './builtin-networks.ts';
import { NetworkError } from './errors.ts';
import type { NetList } from './net-list.ts';
import { type NetworkConf, parseNetworkConf, parseNetworkName } from './network-conf.ts';

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
  const isWanted = (name: string): boolean => list.all || args.has(name);
  const builtin = [...builtinNetworks].map(([file, text]) => parseNetworkConf(file, text));
  const networks = firstOfEachName(builtin.filter(({ name }) => isWanted(name)));
  for (const [name, conf] of firstOfEachName(readUserNetworks(`${localConfigDir}/net.d`, isWanted), warn)) {
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

function readUserNetworks(directory: string, isWanted: (name: string) => boolean): NetworkConf[] {
  return listDirectory(directory)
    .filter((name) => /\.conf(list)?$/.test(name))
    .map((name) => `${directory}/${name}`)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    .flatMap((path) => {
      const text = readConf(path);
      return isWanted(parseNetworkName(path, text)) ? [parseNetworkConf(path, text)] : [];
    });
}

function readConf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new NetworkError('configuration-invalid', `error loading ${path}: ${messageOf(cause)}`, { cause });
  }
}

function firstOfEachName(confs: readonly NetworkConf[], warn: Warn = () => {}): Map<string, NetworkConf> {
  const networks = new Map<string, NetworkConf>();
  for (const conf of confs) {
    if (networks.has(conf.name)) warn(`${JSON.stringify(conf.name)} network already defined, ignoring ${conf.fileName}`);
    else networks.set(conf.name, conf);
  }
  return networks;
}
