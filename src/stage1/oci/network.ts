import type { PodManifest } from '#appc';
import type { RunArgs } from '#stage1/abi';
import type { PodNetwork } from './namespaces.ts';
import type { NetworkDns } from './pod-files.ts';

export interface OpenNetwork {
  readonly namespace: PodNetwork;
  readonly dns: NetworkDns | undefined;
}

/**
 * The pod's network namespace by its net list; `none` is left to the supervisor, which makes one with
 * nothing but loopback. The networking code is loaded only for pods that have networks.
 */
export async function openNetwork(podDir: string, args: RunArgs, manifest: PodManifest): Promise<OpenNetwork> {
  if (args.net === 'host') return { namespace: { kind: 'host' }, dns: undefined };
  if (args.net === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const { parseNetList, setUpNetwork } = await import('#network');
  const netList = parseNetList(args.net === '' ? ['default'] : [args.net]);
  if (netList.kind === 'host') return { namespace: { kind: 'host' }, dns: undefined };
  if (netList.kind === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const { uuid, localConfig: localConfigDir } = args;
  const { netnsPath, dns } = await setUpNetwork({ podDir, uuid, netList, localConfigDir, manifest });
  return { namespace: { kind: 'path', path: netnsPath }, dns };
}
