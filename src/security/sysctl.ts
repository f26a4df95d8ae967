import { SecurityError } from './errors.ts';

/** Kernel parameters that each IPC namespace has for itself (ipc_namespaces(7)). */
const OF_IPC: readonly string[] = ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(
  (name) => `kernel.${name}`,
);

/** Which namespaces a pod has for itself. */
export interface PodNamespaces {
  readonly network: boolean;
  readonly ipc: boolean;
  /** Its users. */
  readonly users: boolean;
}

/**
 * That kernel parameters are the pod's own, so that setting them changes nothing of the host.
 *
 * @throws {SecurityError} 'sysctl-forbidden' naming the first that is not
 */
export function checkSysctls(names: readonly string[], pod: PodNamespaces): void {
  for (const name of names) {
    const reason = refusalOf(name, pod);
    if (reason !== undefined) throw new SecurityError('sysctl-forbidden', `sysctl "${name}" cannot be set for a pod: ${reason}`);
  }
}

function refusalOf(name: string, pod: PodNamespaces): string | undefined {
  if (!/^[a-z0-9_-]+(\.[A-Za-z0-9_:-]+)+$/.test(name)) return 'it is not the name of one';
  if (name.startsWith('net.')) return pod.network ? undefined : 'the pod has the network of the host';
  if (OF_IPC.includes(name) || name.startsWith('fs.mqueue.')) return pod.ipc ? undefined : 'the pod has the IPC of the host';
  // The kernel lets only the host's root write it.
  if (name === 'kernel.domainname') return pod.users ? 'the pod has users of its own' : undefined;
  return 'it is of the whole host';
}
