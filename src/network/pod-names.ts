import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { podFiles } from '#pod';
import { lockPath } from '#sys';
import type { Attached } from './attach.ts';
import type { Dns } from './cni-result.ts';
import { NetworkError } from './errors.ts';
import { guardNames } from './name-filter.ts';
import {
  DOMAIN,
  eraseNames,
  NAMES,
  namesDirectories,
  type NamesOnNetwork,
  type PodNames,
  readLivingNames,
  writeNames,
  writeServerConfig,
} from './name-records.ts';
import { serveNames } from './name-server.ts';

/**
 * Names of pods on networks with `dns_enabled`: each pod is found by the others of the network as NAME.pod, through
 * aardvark-dns at the host's address on the network.
 *
 * The names are the host's to give: they are kept where no pod can write. The server runs while pods have names; should
 * it be killed, the next pod or collection starts it anew. A pod loses its names when it is stopped; one that ends by
 * itself, by the next change.
 */
export interface NamedPod {
  readonly podDir: string;
  readonly uuid: string;
  readonly names: readonly string[];
}

/** Names it on these networks. @throws {NetworkError} `names-failed` */
export async function enterNames({ podDir, uuid, names }: NamedPod, attached: readonly Attached[]): Promise<void> {
  const networks = attached.map(namesOn);
  // DATA/pods/run/UUID
  const record: PodNames = { dataDir: dirname(dirname(dirname(podDir))), names, networks };
  writeFileSync(`${podDir}/${podFiles.netNames}`, '');
  await change(() => writeNames(uuid, record), networks.map(({ listen }) => listen));
}

/** Does nothing where the pod has no names. */
export async function leaveNames({ podDir, uuid }: Pick<NamedPod, 'podDir' | 'uuid'>): Promise<void> {
  const mark = `${podDir}/${podFiles.netNames}`;
  if (!existsSync(mark)) return;
  await change(() => eraseNames(uuid));
  rmSync(mark, { force: true });
}

/** Erases the names of pods that have ended, and starts the server where it was killed. */
export async function collectNames(): Promise<void> {
  if (existsSync(NAMES)) await change(() => {});
}

/** By which a pod finds the others, of all its networks with names. */
export function dnsOfNames(attached: Attached): Dns {
  return { nameservers: [namesOn(attached).listen], search: [DOMAIN], options: [] };
}

function namesOn({ attachment: { conf }, result }: Attached): NamesOnNetwork {
  const listen = result.addresses.find(({ gateway }) => gateway !== undefined)?.gateway;
  if (listen === undefined) {
    throw new NetworkError('names-failed', `network ${JSON.stringify(conf.name)} has "dns_enabled" and no gateway`, {
      hint: 'names are asked for at the address of the host on the network: give it one, as with "isGateway" of a bridge',
    });
  }
  return { network: conf.name, listen, addresses: result.addresses.map(({ ip }) => ip), upstream: result.dns?.nameservers ?? [] };
}

async function change(body: () => void, required: readonly string[] = []): Promise<void> {
  for (const directory of namesDirectories) mkdirSync(directory, { recursive: true, mode: 0o755 });
  using _ = lockPath(NAMES, 'directory', 'exclusive', { wait: true });
  body();
  const living = readLivingNames();
  await guardNames(living);
  await serveNames(writeServerConfig(living), required);
}
