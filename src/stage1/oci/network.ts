import { forwardedPorts, type PodManifest } from '#appc';
import type { NetworkDns } from '#network';
import { podNameOf } from '#pod';
import type { RunArgs } from '#stage1/abi';
import { isRootless } from '#sys';
import { podBandwidth } from './bandwidth.ts';
import { OciStage1Error } from './errors.ts';
import type { PodNetwork } from './namespaces.ts';
import type { PodUsers } from './pod-users.ts';

export interface OpenNetwork {
  readonly namespace: PodNetwork;
  readonly dns: NetworkDns | undefined;
  /** A descriptor that the supervisor is to keep open. */
  readonly keepFd?: number;
  /** Where the apps ask the metadata service; absent where the pod is not registered. */
  readonly metadataUrl?: string;
}

export interface NetworkInput {
  readonly podDir: string;
  readonly lockFd: number;
  readonly args: RunArgs;
  readonly manifest: PodManifest;
  readonly warn: (text: string) => void;
  /** Whose network namespace is to be used. */
  readonly users: PodUsers | undefined;
  /** See setUpNetwork; called for a pod with networks only. */
  readonly meanwhile: () => void;
}

/**
 * The pod's network namespace by its net list; `none` is left to the supervisor, which makes one with
 * nothing but loopback. The networking code is loaded only for pods that have networks.
 */
export async function openNetwork({ podDir, lockFd, args, manifest, warn, users, meanwhile }: NetworkInput): Promise<OpenNetwork> {
  if (args.net === 'host') return onHost(args);
  if (args.net === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const { parseNetList, setUpNetwork, setUpUserNetwork } = await import('#network');
  const netList = parseNetList(args.net === '' ? [] : [args.net]);
  if (netList.kind === 'host') return onHost(args);
  if (netList.kind === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const ports = forwardedPorts(manifest);
  if (isRootless()) {
    const { fd, dns } = await setUpUserNetwork({ podDir, netList, ports });
    return { namespace: { kind: 'path', path: `/proc/${process.pid}/fd/${fd}` }, dns, keepFd: fd };
  }
  const { uuid, localConfig: localConfigDir } = args;
  const bandwidth = podBandwidth(manifest, warn);
  const names = [podNameOf(manifest) ?? [], `rkt-${uuid}`].flat();
  const { netnsPath, dns, hostAddress } = await setUpNetwork({ podDir, lockFd, uuid, netList, localConfigDir, ports, names, namespaceFd: users?.networkFd, ...(bandwidth === undefined ? {} : { bandwidth }), meanwhile, warn });
  return { namespace: { kind: 'path', path: netnsPath }, dns, ...metadataUrl(args, hostAddress) };
}

function onHost(args: RunArgs): OpenNetwork {
  return { namespace: { kind: 'host' }, dns: undefined, ...metadataUrl(args, '127.0.0.1') };
}

/** The port is part of rkt's interface: a service on another one is reached by whoever forwards it. */
function metadataUrl({ mdsToken = '' }: RunArgs, host: string | undefined): Pick<OpenNetwork, 'metadataUrl'> {
  if (mdsToken === '') return {};
  if (host !== undefined) return { metadataUrl: `http://${host}:18112/${mdsToken}` };
  throw new OciStage1Error('no-host-address', 'failed to get default Host IP: no network of the pod names an address of the host', {
    hint: 'register pods on networks that have a gateway, as default has',
  });
}
