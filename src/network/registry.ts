import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { listDirectory, type Lock, lockPath, unlessMissing, writeFileAtomic } from '#sys';
import type { Attachment } from './attachments.ts';
import { isAtLeast } from './cni-version.ts';
import { isObject, type NetworkConf } from './network-conf.ts';
import type { PluginContext } from './plugin.ts';

/**
 * Where every runtime that uses libcni notes what is attached to which network. rkt notes there what is
 * attached to networks that may be collected (CNI 1.1), of all its data directories: what is not noted is
 * what a plugin gives up.
 */
const DIRECTORY = '/var/lib/cni/results';

export interface NotedAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

export function isCollected(conf: NetworkConf): boolean {
  return conf.collects && isAtLeast(conf.cniVersion, '1.1.0');
}

/** Holds off collection while plugins run for networks that may be collected (CNI spec, "GC"). */
export function guardRegistry(networks: readonly NetworkConf[]): Lock | undefined {
  return networks.some(isCollected) ? lockRegistry('shared') : undefined;
}

/** Undefined: plugins of such networks run, or another collection does. */
export function lockForCollection(): Lock | undefined {
  return lockRegistry('exclusive');
}

function lockRegistry(mode: 'shared' | 'exclusive'): Lock | undefined {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
  return lockPath(DIRECTORY, 'directory', mode, { wait: mode === 'shared' });
}

function fileOf({ conf, ifName }: Attachment, uuid: string): string {
  return `${DIRECTORY}/${conf.name}-${uuid}-${ifName}`;
}

/** As libcni writes it, before the plugins run: there is no moment at which an attachment is not known. */
export function enterRegistry(attachment: Attachment, { uuid, netns }: PluginContext): void {
  const { conf, ifName, capabilityArgs } = attachment;
  if (!isCollected(conf)) return;
  const entry = {
    kind: 'cniCacheV1',
    containerId: uuid,
    config: Buffer.from(conf.text).toString('base64'),
    ifName,
    networkName: conf.name,
    netns,
    capabilityArgs,
  };
  writeFileAtomic(fileOf(attachment, uuid), JSON.stringify(entry), { mode: 0o600 });
}

export function leaveRegistry(attachment: Attachment, { uuid }: PluginContext): void {
  if (isCollected(attachment.conf)) rmSync(fileOf(attachment, uuid), { force: true });
}

/** Everything any runtime has noted for a network. */
export function readRegistry(network: string): NotedAttachment[] {
  return listDirectory(DIRECTORY)
    .filter((name) => name.startsWith(`${network}-`))
    .flatMap((name) => parseEntry(unlessMissing(() => readFileSync(`${DIRECTORY}/${name}`, 'utf8')) ?? '', network));
}

function parseEntry(text: string, network: string): NotedAttachment[] {
  try {
    const entry: unknown = JSON.parse(text);
    if (!isObject(entry) || entry['networkName'] !== network) return [];
    const { containerId, ifName } = entry;
    return typeof containerId === 'string' && typeof ifName === 'string' ? [{ containerID: containerId, ifname: ifName }] : [];
  } catch {
    return [];
  }
}
