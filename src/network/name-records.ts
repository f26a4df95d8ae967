import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { openPod, PodError, type Uuid } from '#pod';
import { listDirectory, unlessMissing } from '#sys';
import { isObject } from './network-conf.ts';

/** Everything about names of pods, gone with a reboot; the directory itself is what is locked. */
export const NAMES = '/run/rkt/names';
/** What aardvark-dns reads: a file a network, and the one it writes, its process id. */
export const CONFIG = `${NAMES}/config`;
export const PID_FILE = `${CONFIG}/aardvark.pid`;
/** A file a pod, by its UUID, of which {@link CONFIG} is made. */
const RECORDS = `${NAMES}/pods`;

/** What names of pods end with. */
export const DOMAIN = 'pod';

/** How one pod is found on the networks that have names. */
export interface PodNames {
  /** Where the pod is, to see whether it still runs. */
  readonly dataDir: string;
  /** Without their end. */
  readonly names: readonly string[];
  readonly networks: readonly NamesOnNetwork[];
}

export interface NamesOnNetwork {
  readonly network: string;
  /** The host's address there, at which names are asked for. */
  readonly listen: string;
  /** The pod's. */
  readonly addresses: readonly string[];
  /** Servers that are asked for the names of others in the place of the host's. */
  readonly upstream: readonly string[];
}

/** The lock on {@link NAMES} is held, as by all that follow. */
export function writeNames(uuid: string, names: PodNames): void {
  put(`${RECORDS}/${uuid}`, JSON.stringify(names));
}

export function eraseNames(uuid: string): void {
  rmSync(`${RECORDS}/${uuid}`, { force: true });
}

/** Of the pods that run; the others' are erased. */
export function readLivingNames(): Map<string, PodNames> {
  const living = new Map<string, PodNames>();
  for (const uuid of listDirectory(RECORDS)) {
    const names = parseNames(unlessMissing(() => readFileSync(`${RECORDS}/${uuid}`, 'utf8')) ?? '');
    if (names !== undefined && isRunning(names.dataDir, uuid)) living.set(uuid, names);
    else eraseNames(uuid);
  }
  return living;
}

/** Undefined for what a crash of the machine cut off. */
function parseNames(text: string): PodNames | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && Array.isArray(value['networks']) ? (value as unknown as PodNames) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(dataDir: string, uuid: string): boolean {
  try {
    using pod = openPod(dataDir, uuid as Uuid);
    return pod.state === 'running';
  } catch (error) {
    if (error instanceof PodError) return false;
    throw error;
  }
}

/** Makes {@link CONFIG} what the pods' names are now; gives the addresses to listen at. */
export function writeServerConfig(living: ReadonlyMap<string, PodNames>): string[] {
  const files = planServerConfig(living);
  const stale = listDirectory(CONFIG).filter((name) => name.startsWith(PREFIX) && !files.has(name));
  for (const name of stale) rmSync(`${CONFIG}/${name}`);
  for (const [name, text] of files) put(`${CONFIG}/${name}`, text);
  return [...living.values()].flatMap(({ networks }) => networks.map(({ listen }) => listen));
}

/** No network is called like the server's own file. */
const PREFIX = 'net.';

/**
 * The files of aardvark-dns, by name: the addresses to listen at, then a line for each container: id, its IPv4 and
 * its IPv6 addresses, names, servers. Pure.
 *
 * Each name is there with its end and without: some versions take the end off what is asked for, others only where the
 * name with it is on no network of who asks.
 */
export function planServerConfig(living: ReadonlyMap<string, PodNames>): Map<string, string> {
  const listen = new Map<string, Set<string>>();
  const lines = new Map<string, string[]>();
  for (const [uuid, { names, networks }] of living) {
    for (const each of networks) {
      const file = `${PREFIX}${each.network}`;
      listen.set(file, (listen.get(file) ?? new Set()).add(each.listen));
      lines.set(file, [...(lines.get(file) ?? []), lineOf(uuid, names, each)]);
    }
  }
  return new Map([...lines].map(([file, each]) => [file, [[...listen.get(file)!].join(','), ...each, ''].join('\n')]));
}

function lineOf(uuid: string, names: readonly string[], { addresses, upstream }: NamesOnNetwork): string {
  const [six, four] = [true, false].map((colon) => addresses.filter((each) => each.includes(':') === colon).join(','));
  return [uuid, four, six, names.flatMap((name) => [name, `${name}.${DOMAIN}`]).join(','), ...(upstream.length > 0 ? [upstream.join(',')] : [])].join(' ');
}

/** Whole or not at all; a file that is being written lies where the server does not look. */
function put(path: string, text: string): void {
  const fresh = `${NAMES}/.new`;
  writeFileSync(fresh, text, { mode: 0o644 });
  renameSync(fresh, path);
}

export const namesDirectories: readonly string[] = [CONFIG, RECORDS];
