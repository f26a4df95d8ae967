import { type NetInfo, podFiles, renderNetInfo } from '#pod';
import { writeFileAtomic } from '#sys';
import { attach, type Attached, firstIpv4, netInfoOf } from './attach.ts';
import { type Attachment, forgetAttachment, writeAttachments } from './attachments.ts';
import type { Dns } from './cni-result.ts';
import { NetworkError } from './errors.ts';
import { loadNetworks } from './load-networks.ts';
import type { NetList } from './net-list.ts';
import { findPlugin, pluginDirectories } from './plugin.ts';
import { createPodNamespace } from './pod-namespace.ts';
import { checkPorts, type PublishedPort, publishPorts } from './published-ports.ts';
import { tearDownNetwork } from './tear-down-network.ts';

export interface NetworkRequest {
  /** Absolute. */
  readonly podDir: string;
  /** See {@link PluginContext.lockFd}. */
  readonly lockFd?: number;
  readonly uuid: string;
  /** Not `host`: a pod on the host's network has none to set up. */
  readonly netList: NetList;
  readonly localConfigDir: string;
  readonly ports?: readonly PublishedPort[];
  /** A line for the user. */
  readonly warn?: (text: string) => void;
}

export interface NetworkResult {
  readonly netnsPath: string;
  readonly networks: readonly NetInfo[];
  /** Of the first network that gave any: the pod's resolv.conf, unless the user said otherwise. */
  readonly dns?: Dns & { readonly network: string };
}

/**
 * Makes the pod's network namespace, attaches it to the networks asked for, in the order of their files,
 * as eth0, eth1 and so on, and publishes its ports.
 *
 * When this fails all is undone; when the process dies {@link tearDownNetwork} undoes it.
 *
 * @throws {NetworkError} `set-up-failed`, with all that is known in its message
 */
export async function setUpNetwork(request: NetworkRequest): Promise<NetworkResult> {
  try {
    const attachments = planAttachments(request);
    return await attachAll(request, attachments);
  } catch (error) {
    await tearDownNetwork(request).catch((undoing: unknown) => request.warn?.((undoing as Error).message));
    throw setUpFailed(error);
  }
}

function setUpFailed(error: unknown): NetworkError {
  const message = `stage1: failed to setup network: ${(error as Error).message}`;
  const hint = error instanceof NetworkError ? error.hint : undefined;
  return new NetworkError('set-up-failed', message, { cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** Which networks, by which plugins; finds out what is missing before anything is made. */
function planAttachments(request: NetworkRequest): Attachment[] {
  const { podDir, localConfigDir, netList } = request;
  checkPorts(request.ports ?? []);
  const networks = loadNetworks(netList, localConfigDir, request.warn);
  const directories = pluginDirectories(podDir, localConfigDir);
  return networks.map(({ conf, args }, index) => ({
    conf,
    args,
    ifName: `eth${index}`,
    pluginPath: findPlugin(conf.plugins[0]!.type, podDir, directories),
  }));
}

async function attachAll(request: NetworkRequest, attachments: readonly Attachment[]): Promise<NetworkResult> {
  const { podDir, lockFd, uuid, localConfigDir, ports = [], warn = () => {} } = request;
  writeAttachments(podDir, attachments);
  const netnsPath = createPodNamespace(podDir, uuid);
  const attached: Attached[] = [];
  for (const attachment of attachments) {
    const { ifName, args } = attachment;
    const context = { podDir, lockFd, uuid, localConfigDir, netns: netnsPath, ifName, args };
    try {
      attached.push(await attach(attachment, context, warn));
    } catch (error) {
      for (const untried of attachments.slice(attached.length + 1)) forgetAttachment(podDir, untried);
      throw error;
    }
  }
  const networks = attached.map(netInfoOf);
  writeFileAtomic(`${podDir}/${podFiles.netInfo}`, renderNetInfo(networks));
  if (ports.length > 0) await publishPorts({ uuid, lockFd }, ports, portTarget(attached));
  const dns = chooseDns(attached, warn);
  return { netnsPath, networks, ...(dns === undefined ? {} : { dns }) };
}

/** The first network that masquerades, else the last one. */
function portTarget(attached: readonly Attached[]): { podIP: string; hostIP: string | undefined } {
  const chosen = attached.find(({ attachment }) => attachment.conf.ipMasq) ?? attached.at(-1);
  if (chosen === undefined) throw new NetworkError('ports-failed', 'cannot publish ports: no networks found');
  const address = firstIpv4(chosen.result);
  if (address === undefined) {
    throw new NetworkError('ports-failed', `cannot publish ports: network ${chosen.attachment.conf.name} gave no IPv4 address`);
  }
  return { podIP: address.ip, hostIP: address.gateway };
}

function chooseDns(attached: readonly Attached[], warn: (text: string) => void): NetworkResult['dns'] {
  const giving = attached.flatMap(({ attachment, result }) =>
    result.dns === undefined ? [] : [{ ...result.dns, network: attachment.conf.name }],
  );
  for (const { network } of giving.slice(1)) {
    warn(`Warning: network ${network} plugin specified DNS configuration, but DNS already supplied`);
  }
  return giving[0];
}
