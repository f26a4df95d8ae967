import type { EventHandler } from '#appc';
import { stage1Layout } from '#stage1/abi';

/** Names of this flavor's own files in a pod, relative to its directory. */
export const ociFiles = {
  /** The runtime's state, its `--root`. */
  runtimeRoot: 'stage1/runtime',
  bundle: (app: string): string => `stage1/oci/${app}`,
  config: (app: string): string => `stage1/oci/${app}/config.json`,
  /** What is run in an app to see whether it is well. */
  health: (app: string): string => `stage1/oci/${app}/health.json`,
  /** Where an app tells the supervisor that it is ready. */
  notifySocket: (app: string): string => `stage1/oci/${app}/notify.sock`,
  /** An empty directory, the root of the pod's init. */
  initRoot: 'stage1/init-root',
  /** A tmpfs all apps of the pod have as /dev/shm. */
  shm: 'stage1/shm',
  /** The supervisor's program once more, as SELinux lets apps execute it. */
  standIn: 'stage1/stand-in',
  /** How the supervisor of a pod whose apps change is reached, and what it was started with. */
  control: 'stage1/control',
  running: 'stage1/oci/running.json',
  /** In a bundle: why the runtime could not start the app. */
  runtimeLog: 'log',
  /** sysfs and the message queues of the host, for a pod with a user namespace that shares those namespaces. */
  sys: 'stage1/sys',
  mqueue: 'stage1/mqueue',
  etc: 'stage1/rootfs/etc',
  hostname: 'stage1/rootfs/etc/hostname',
  machineId: 'stage1/rootfs/etc/machine-id',
  hostsFallback: 'stage1/rootfs/etc/hosts-fallback',
} as const;

/** Where compiled seccomp filters are kept from pod to pod: beside the `pods` directory. */
export const SECCOMP_CACHE_FROM_POD = '../../../stage1-oci/seccomp';

/**
 * The cgroup of a pod, relative to the root of each hierarchy, as systemd-machined named rkt's pods; in
 * the name of a unit `\x2d` stands for a dash.
 */
export function podCgroup(uuid: string): string {
  return `machine.slice/machine-rkt\\x2d${uuid.replaceAll('-', '\\x2d')}.scope`;
}

/** That of an app of the pod, or of an event handler. */
export function appCgroup(podCgroup: string, app: string): string {
  return `/${podCgroup}/${stage1Layout.appCgroup(app)}`;
}

/** An event handler is a container of its own; no app's name has a dot. */
export function handlerContainer(app: string, handler: EventHandler['name']): string {
  return `${app}.${handler}`;
}
