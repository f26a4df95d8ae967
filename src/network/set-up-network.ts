import { type NetInfo, podFiles, renderNetInfo } from '#pod';
import { writeFileAtomic } from '#sys';
import { attach, type Attached, netInfoOf } from './attach.ts';
import { type Attachment, forgetAttachment, writeAttachments } from './attachments.ts';
import { forwardsPorts, portMappings, splitArgs } from './capability-args.ts';
import type { Dns } from './cni-result.ts';
import { NetworkError } from './errors.ts';
import { loadNetworks, type WantedNetwork } from './load-networks.ts';
import type { NetList } from './net-list.ts';
import { pluginsCanMasquerade, publish } from './packet-filter.ts';
import { findPlugin, pluginDirectories } from './plugin.ts';
import { createPodNamespace } from './pod-namespace.ts';
import { chooseTargets, hostAddressOf, masqueradings } from './port-targets.ts';
import { checkPorts, divideByFamily, type PublishedPort } from './published-ports.ts';
import { enterRegistry, guardRegistry } from './registry.ts';
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
  /** Bytes a second, in each direction of each interface; undefined: no limit. */
  readonly bandwidth?: number;
  /** What other pods find it by, on networks with names. */
  readonly names?: readonly string[];
  /** An open network namespace to be used; without it one is made. */
  readonly namespaceFd?: number | undefined;
  /** Is called once the first plugin works: what needs no network is done meanwhile. Synchronous; may not throw. */
  readonly meanwhile?: () => void;
  /** A line for the user. */
  readonly warn?: (text: string) => void;
}

export interface NetworkResult {
  readonly netnsPath: string;
  readonly networks: readonly NetInfo[];
  /** Of the first network that gave any: the pod's resolv.conf, unless the user said otherwise. */
  readonly dns?: Dns & { readonly network: string };
  /** The host's own address on the network by which the pod reaches it; absent where no plugin named one. */
  readonly hostAddress?: string;
}

/**
 * Makes the pod's network namespace, attaches it to the networks asked for, in the order of their files,
 * as eth0, eth1 and so on, and publishes its ports. One network after the other: the CNI spec forbids two
 * plugins at a time for one pod.
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
  const { podDir, localConfigDir, names = [], netList, ports = [] } = request;
  checkPorts(ports);
  const networks = loadNetworks(netList, localConfigDir, request.warn);
  const directories = pluginDirectories(podDir, localConfigDir);
  const forwarding = ports.length === 0 ? undefined : networks.find(({ conf }) => forwardsPorts(conf));
  return networks.map((network, index) => ({
    ...planArgs(network, network === forwarding ? ports : [], names),
    conf: network.conf,
    ifName: `eth${index}`,
    pluginPath: network.conf.plugins.map(({ type }) => findPlugin(type, podDir, directories))[0]!,
  }));
}

function planArgs(
  { conf, args }: WantedNetwork,
  ports: readonly PublishedPort[],
  names: readonly string[],
): Pick<Attachment, 'args' | 'capabilityArgs'> {
  const split = splitArgs(conf, args, names);
  const masquerade = conf.ipMasq && !pluginsCanMasquerade() ? { hostMasquerades: true } : {};
  const mappings = ports.length === 0 ? {} : portMappings(ports);
  return { args: split.args, capabilityArgs: { ...split.capabilityArgs, ...mappings }, ...masquerade };
}

async function attachAll(request: NetworkRequest, attachments: readonly Attachment[]): Promise<NetworkResult> {
  const { podDir, lockFd, uuid, localConfigDir, meanwhile = () => {}, warn = () => {} } = request;
  writeAttachments(podDir, attachments);
  using _guard = guardRegistry(attachments.map(({ conf }) => conf));
  const netnsPath = createPodNamespace(podDir, uuid, request.namespaceFd);
  const attached: Attached[] = [];
  for (const attachment of attachments) {
    const { ifName, args } = attachment;
    const context = { podDir, lockFd, uuid, localConfigDir, netns: netnsPath, ifName, args };
    enterRegistry(attachment, context);
    try {
      const attaching = attach(attachment, context, warn);
      if (attached.length === 0) meanwhile();
      attached.push(await attaching);
    } catch (error) {
      for (const untried of attachments.slice(attached.length + 1)) forgetAttachment(podDir, untried);
      throw error;
    }
  }
  const networks = attached.map(netInfoOf);
  writeFileAtomic(`${podDir}/${podFiles.netInfo}`, renderNetInfo(networks));
  await limit(request, netnsPath, attached);
  await publishPorts(request, attached);
  const dns = (await announce(request, attached)) ?? chooseDns(attached, warn);
  const hostAddress = hostAddressOf(attached);
  return { netnsPath, networks, ...(dns === undefined ? {} : { dns }), ...(hostAddress === undefined ? {} : { hostAddress }) };
}

async function limit({ bandwidth, lockFd }: NetworkRequest, netns: string, attached: readonly Attached[]): Promise<void> {
  if (bandwidth === undefined || attached.length === 0) return;
  const { limitBandwidth } = await import('./bandwidth.ts');
  await limitBandwidth({ netns, interfaces: attached.map(({ attachment }) => attachment.ifName), bytesPerSecond: bandwidth, lockFd });
}

/** Those no plugin forwards, and the masquerading that no plugin can do. */
async function publishPorts({ podDir, uuid, lockFd, ports = [] }: NetworkRequest, attached: readonly Attached[]): Promise<void> {
  const forwarded = attached.some(({ attachment }) => 'portMappings' in attachment.capabilityArgs);
  const own = forwarded ? [] : ports;
  if (own.length > 0 && attached.length === 0) throw new NetworkError('ports-failed', 'cannot publish ports: no networks found');
  const publishings = own.length === 0 ? [] : divideByFamily(own, chooseTargets(attached));
  await publish({ podDir, uuid, lockFd }, publishings, masqueradings(attached));
}

/** Makes it known by its names, where a network has such; gives where it asks for those of others. */
async function announce({ podDir, uuid, names = [] }: NetworkRequest, attached: readonly Attached[]): Promise<NetworkResult['dns']> {
  const named = attached.filter(({ attachment }) => attachment.conf.dnsEnabled);
  if (named.length === 0) return undefined;
  const { dnsOfNames, enterNames } = await import('./pod-names.ts');
  await enterNames({ podDir, uuid, names }, named);
  return { ...dnsOfNames(named[0]!), network: named[0]!.attachment.conf.name };
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
