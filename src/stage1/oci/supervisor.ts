import type { EventHandler } from '#appc';
import type { SelinuxLabels } from '#pod';
import { isRootless } from '#sys';
import { namespaceFds, type PodNetwork } from './namespaces.ts';
import { handlerContainer, ociFiles } from './pod-paths.ts';
import type { Runtime } from './runtime.ts';
import { stage1Layout } from '#stage1/abi';

/** An app as the supervisor is told of it, in its arguments and in messages. */
export interface SupervisedApp {
  readonly name: string;
  /** Words about its standard streams. */
  readonly streams: readonly string[];
  readonly handlers: readonly EventHandler['name'][];
  /** The file that counts what the kernel killed for want of memory. */
  readonly memoryEvents?: string;
  /** The file that lists the app's processes, where those that it leaves behind are to be killed. */
  readonly processes?: string;
  /** Descriptors that it is passed. */
  readonly sockets?: readonly number[];
  /** Words about restarts and probes. */
  readonly upkeep: readonly string[];
}

export interface SupervisorInput {
  readonly path: string;
  readonly uuid: string;
  readonly lockFd: number;
  readonly podDir: string;
  /** The pod has a cgroup. */
  readonly hasCgroup: boolean;
  readonly hostname: string;
  readonly runtime: Runtime;
  readonly network: PodNetwork;
  readonly privateIpc: boolean;
  /** Apps may come and go. */
  readonly mutable: boolean;
  /** Words about the service manager that rkt was started by. */
  readonly manager: readonly string[];
  readonly apps: readonly SupervisedApp[];
  /** An open user namespace that the pod is to be in. */
  readonly usersFd: number | undefined;
  /** What SELinux knows the pod by. */
  readonly selinux: SelinuxLabels | undefined;
}

/** Milliseconds an app has between being asked to end and being killed. */
const GRACE_MS = 10_000;

/** With this variable, and started from a read-only mount, crun does not make itself one to start from once more. */
const CRUN_IS_SEALED = '_LIBCONTAINER_CLONED_BINARY';

/** The arguments of the pod's supervisor, whose working directory is the pod's. */
export function planSupervisor(input: SupervisorInput): string[] {
  const made = (['pid', 'ipc', 'uts', 'net'] as const).filter(
    (name) => (name !== 'ipc' || input.privateIpc) && (name !== 'net' || input.network.kind === 'made'),
  );
  const users = input.usersFd === undefined ? [] : [`--userns-fd=${input.usersFd}`, `--ns-fd=user:${namespaceFds.user}`];
  return [
    input.path,
    `--uuid=${input.uuid}`,
    `--lock-fd=${input.lockFd}`,
    `--runtime=${input.runtime.path}`,
    ...(input.runtime.kind === 'crun' ? [`--sealed-runtime=${CRUN_IS_SEALED}`] : []),
    ...runtimeArguments(input.runtime, input.podDir, input.hasCgroup).map((argument) => `--runtime-arg=${argument}`),
    `--status-dir=${stage1Layout.statusDirectory}`,
    `--ready-link=${stage1Layout.supervisorStatus}`,
    `--pid-file=${stage1Layout.pid}`,
    `--unshare=${made.join(',')}`,
    ...made.map((name) => `--ns-fd=${name}:${namespaceFds[name]}`),
    ...users,
    ...(input.network.kind === 'path' ? [`--join-net=${input.network.path}`] : []),
    `--hostname=${input.hostname}`,
    `--init-root=${ociFiles.initRoot}`,
    `--grace-ms=${GRACE_MS}`,
    ...(input.selinux === undefined ? [] : [`--selinux-process=${input.selinux.process}`, `--selinux-file=${input.selinux.file}`]),
    ...(input.mutable ? [`--control=${ociFiles.control}`] : []),
    ...input.manager,
    ...input.apps.flatMap(appArguments),
  ];
}

/** Global flags of the runtime, before its verb. */
export function runtimeArguments(runtime: Runtime, podDir: string, hasCgroup: boolean): string[] {
  const root = [`--root=${podDir}/${ociFiles.runtimeRoot}`];
  if (runtime.kind === 'runc') return isRootless() ? [...root, '--rootless=true'] : root;
  return [...root, `--cgroup-manager=${hasCgroup ? 'cgroupfs' : 'disabled'}`];
}

/** What the supervisor is told of one app. */
export function appArguments({ name, streams, handlers, memoryEvents, processes, upkeep, sockets = [] }: SupervisedApp): string[] {
  return [
    `--app=${name}`,
    `--bundle=${ociFiles.bundle(name)}`,
    ...streams,
    ...(memoryEvents === undefined ? [] : [`--memory-events=${memoryEvents}`]),
    ...(processes === undefined ? [] : [`--processes=${processes}`]),
    ...upkeep,
    ...sockets.map((fd) => `--listen-fd=${fd}`),
    ...handlers.map((handler) => `--${handler}=${ociFiles.bundle(handlerContainer(name, handler))}`),
  ];
}
