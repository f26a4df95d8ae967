import { mkdirSync, rmSync } from 'node:fs';
import { type NetInfo, parseNetInfo, podFiles } from '#pod';
import { readTextIfExists, writeFileAtomic } from '#sys';
import { loadNetworks } from './load-networks.ts';
import { isObject, type Json, type NetworkConf, parseNetworkConf } from './network-conf.ts';

/**
 * One network a pod is to be attached to, written down before any plugin runs: whatever the moment of a
 * crash, what has to be undone is known, from the pod's directory alone.
 */
export interface Attachment {
  readonly conf: NetworkConf;
  /** Of its first plugin. */
  readonly pluginPath: string;
  readonly ifName: string;
  readonly args: string;
  /** For the plugins that declare such capabilities. */
  readonly capabilityArgs: Json;
  /** No plugin can masquerade here, so rkt does. */
  readonly hostMasquerades?: boolean;
}

/** Everything about them that the copy of the configuration does not tell, as net-info.json has it. */
const FILE = `${podFiles.net}/attachments.json`;

export function writeAttachments(podDir: string, attachments: readonly Attachment[]): void {
  mkdirSync(`${podDir}/${podFiles.net}`, { recursive: true, mode: 0o755 });
  for (const { conf } of attachments) writeFileAtomic(`${podDir}/${confFile(conf)}`, conf.text);
  writeFileAtomic(`${podDir}/${FILE}`, `${JSON.stringify(attachments.map(renderRecord))}\n`);
}

function renderRecord(attachment: Attachment): object {
  const { capabilityArgs, hostMasquerades } = attachment;
  return { ...renderAttachment(attachment), capabilityArgs, ...(hostMasquerades === true ? { hostMasquerades } : {}) };
}

function confFile(conf: NetworkConf): string {
  return `${podFiles.net}/${conf.fileName}`;
}

function resultFile(conf: NetworkConf): string {
  return `${podFiles.net}/${conf.fileName}.result`;
}

/** Keeps what the plugins so far answered, which each is told again by DEL and CHECK (CNI spec, "prevResult"). */
export function writeResult(podDir: string, { conf }: Attachment, result: string): void {
  writeFileAtomic(`${podDir}/${resultFile(conf)}`, result);
}

/** Empty where the plugins did not get so far, or a crash of the machine cut it off. */
export function readResult(podDir: string, { conf }: Attachment): string {
  const text = readTextIfExists(`${podDir}/${resultFile(conf)}`) ?? '';
  try {
    JSON.parse(text);
    return text;
  } catch {
    return '';
  }
}

export function renderAttachment(attachment: Attachment, ip = '', mask = ''): NetInfo {
  const { conf, pluginPath, ifName, args } = attachment;
  return { netName: conf.name, netConf: confFile(conf), pluginPath, ifName, ip, args, mask };
}

function refusalFile(conf: NetworkConf): string {
  return `${podFiles.net}/${conf.fileName}.refused`;
}

/** Notes which of its plugins would not attach the pod: it and those after it have done nothing that is known. */
export function markRefused(podDir: string, { conf }: Attachment, index: number): void {
  writeFileAtomic(`${podDir}/${refusalFile(conf)}`, `${index}\n`);
}

/** Infinity where none of the plugins refused. */
export function readRefusal(podDir: string, { conf }: Attachment): number {
  const text = readTextIfExists(`${podDir}/${refusalFile(conf)}`) ?? '';
  return /^\d+\n$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

/** What is left of an attachment on disk. */
export interface RecordedAttachment extends Pick<NetInfo, 'netName' | 'pluginPath' | 'ifName' | 'args'> {
  readonly capabilityArgs: Json;
  readonly hostMasquerades: boolean;
  /** Of the copy of the configuration; whether it is whole, {@link recallAttachment} finds out. */
  readonly confPath: string;
  readonly confText: string;
}

/**
 * What a pod was to be attached to and has not been detached from since, in the order of attaching.
 *
 * A pod of rkt 1 has only net-info.json, which was written after the plugins had run; so has one whose list
 * a crash of the machine cut off.
 */
export function readAttachments(podDir: string): RecordedAttachment[] {
  const texts = [FILE, podFiles.netInfo].map((file) => readTextIfExists(`${podDir}/${file}`) ?? '');
  const text = texts.find((each) => parseNetInfo(each).length > 0) ?? '';
  const own = parseOwn(text);
  return parseNetInfo(text).flatMap(({ netConf, ...entry }, index) => {
    // The copy's own name only: the file is the pod's, and its directory may have moved since.
    const confPath = `${podDir}/${podFiles.net}/${baseName(netConf)}`;
    const confText = readTextIfExists(confPath);
    return confText === undefined ? [] : [{ ...entry, ...(own[index] ?? NOTHING_OWN), confPath, confText }];
  });
}

type OwnFields = Pick<RecordedAttachment, 'capabilityArgs' | 'hostMasquerades'>;

const NOTHING_OWN: OwnFields = { capabilityArgs: {}, hostMasquerades: false };

/** What net-info.json has no room for, of a text that has entries at all. */
function parseOwn(text: string): OwnFields[] {
  if (parseNetInfo(text).length === 0) return [];
  const entries = (JSON.parse(text) as unknown[]).filter((each): each is Json => typeof each === 'object' && each !== null);
  return entries.map(({ capabilityArgs, hostMasquerades }) => ({
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    hostMasquerades: hostMasquerades === true,
  }));
}

/**
 * Where a crash of the machine cut the copy off, the network of that name that is configured now is taken.
 *
 * @throws {NetworkError} `network-not-found` where there is none
 */
export function recallAttachment({ confPath, confText, ...rest }: RecordedAttachment, localConfigDir: string): Attachment {
  try {
    return { ...rest, conf: parseNetworkConf(confPath, confText) };
  } catch {
    return { ...rest, conf: { ...configuredNetwork(rest.netName, confPath, localConfigDir), fileName: baseName(confPath) } };
  }
}

/** Where there is none that is told once: nobody will ever know how to detach the pod from it. */
function configuredNetwork(name: string, confPath: string, localConfigDir: string): NetworkConf {
  try {
    return loadNetworks({ kind: 'contained', all: false, names: [{ name, args: '' }] }, localConfigDir)[0]!.conf;
  } catch (error) {
    rmSync(confPath, { force: true });
    throw error;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Marks one as detached, or as not to be attached any more. */
export function forgetAttachment(podDir: string, { conf }: Attachment): void {
  for (const file of [confFile(conf), resultFile(conf), refusalFile(conf)]) rmSync(`${podDir}/${file}`, { force: true });
}
