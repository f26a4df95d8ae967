import { forwardedPorts, type PodManifest } from '#appc';
import type { Dns } from '#network';
import type { RunArgs } from '#stage1/abi';
import type { PodNetwork } from './namespaces.ts';

export interface OpenNetwork {
  readonly namespace: PodNetwork;
  readonly dns: Dns | undefined;
}

export interface NetworkInput {
  readonly podDir: string;
  readonly lockFd: number;
  readonly args: RunArgs;
  readonly manifest: PodManifest;
  readonly warn: (text: string) => void;
}

/**
 * The pod's network namespace by its net list; `none` is left to the supervisor, which makes one with
 * nothing but loopback. The networking code is loaded only for pods that have networks.
 */
export async function openNetwork({ podDir, lockFd, args, manifest, warn }: NetworkInput): Promise<OpenNetwork> {
  if (args.net === 'host') return { namespace: { kind: 'host' }, dns: undefined };
  if (args.net === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const { parseNetList, setUpNetwork } = await import('#network');
  const netList = parseNetList(args.net === '' ? [] : [args.net]);
  if (netList.kind === 'host') return { namespace: { kind: 'host' }, dns: undefined };
  if (netList.kind === 'none') return { namespace: { kind: 'made' }, dns: undefined };
  const { uuid, localConfig: localConfigDir } = args;
  const ports = forwardedPorts(manifest);
  const { netnsPath, dns } = await setUpNetwork({ podDir, lockFd, uuid, netList, localConfigDir, ports, warn });
  return { namespace: { kind: 'path', path: netnsPath }, dns };
}
