import type { OciNamespace } from './config-types.ts';

/** Descriptors at which the supervisor keeps the pod's namespaces open. */
export const namespaceFds = { pid: 100, ipc: 101, uts: 102, net: 103, user: 104 } as const;

/** `made`: by the supervisor, with loopback only; `path`: a network namespace that is bound there. */
export type PodNetwork = { readonly kind: 'host' } | { readonly kind: 'made' } | { readonly kind: 'path'; readonly path: string };

export interface NamespaceInput {
  readonly supervisorPid: number;
  readonly network: PodNetwork;
  /** The pod's own IPC, rather than the host's. */
  readonly privateIpc: boolean;
  /** A user namespace of the pod's own. */
  readonly users: boolean;
  /** The host's kernel has cgroup namespaces. */
  readonly cgroup: boolean;
}

/** An app has a mount (and cgroup) namespace of its own and shares the others with the pod. */
export function planNamespaces(input: NamespaceInput): OciNamespace[] {
  const held = (name: keyof typeof namespaceFds): string => `/proc/${input.supervisorPid}/fd/${namespaceFds[name]}`;
  const namespaces: OciNamespace[] = [{ type: 'mount' }];
  if (input.users) namespaces.push({ type: 'user', path: held('user') });
  namespaces.push({ type: 'pid', path: held('pid') });
  if (input.privateIpc) namespaces.push({ type: 'ipc', path: held('ipc') });
  namespaces.push({ type: 'uts', path: held('uts') });
  if (input.network.kind === 'made') namespaces.push({ type: 'network', path: held('net') });
  if (input.network.kind === 'path') namespaces.push({ type: 'network', path: input.network.path });
  if (input.cgroup) namespaces.push({ type: 'cgroup' });
  return namespaces;
}
