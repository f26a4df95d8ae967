import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { type App, isolatorsOf, type IsolatorValue, type PodManifest, type RuntimeApp } from '#appc';
import type { FlavorContext, RunArgs } from '#stage1/abi';
import { dockerApp, planApp } from '#stage1/apps';
import { isRootless, setSelinuxLabel } from '#sys';
import { type AppSockets, withSockets } from './app-sockets.ts';
import { planStreams, prepareStreams } from './app-streams.ts';
import { hasCgroupNamespaces } from './cgroup-view.ts';
import type { OciConfig, OciProcess } from './config-types.ts';
import { type ConfigInput, planConfig } from './config.ts';
import { enforcedIsolators } from './enforced-isolators.ts';
import { defaultApparmorProfile, hostAbilities, readBlockDevices } from './host-limits.ts';
import type { PodNetwork } from './namespaces.ts';
import { planPodFiles } from './pod-files.ts';
import { rootfsOf } from './pod-mounts.ts';
import { handlerContainer, ociFiles, SECCOMP_CACHE_FROM_POD } from './pod-paths.ts';
import type { PodUsers } from './pod-users.ts';
import type { Runtime } from './runtime.ts';
import { withCompiledSeccomp } from './seccomp-cache.ts';
import { notifyEnvironment, notifyFiles } from './service-manager.ts';
import { planProbe } from './upkeep.ts';

/** A pod whose network is up, and the trees of whose apps are mounted. */
export interface PodToStart {
  readonly context: FlavorContext;
  readonly args: RunArgs;
  readonly manifest: PodManifest;
  readonly runtime: Runtime;
  readonly network: PodNetwork;
  /** Absent: the host's. */
  readonly users?: PodUsers;
  readonly metadataUrl?: string;
  /** The pod's own IPC, rather than the host's. */
  readonly privateIpc: boolean;
  readonly sockets?: AppSockets;
  readonly hostCapabilities: readonly string[];
  readonly supervisorPid: number;
  /** The pod's; undefined: it has none. */
  readonly cgroup: string | undefined;
  /** What bounds the pod as a whole. */
  readonly isolators: readonly IsolatorValue[];
}

/** Writes what the runtime needs to start an app and its event handlers. */
export async function writeBundle(pod: PodToStart, app: RuntimeApp): Promise<void> {
  prepareStreams(pod.context.podDir, pod.manifest, app);
  const input = configInput(pod, app);
  const config = planConfig(input);
  const sockets = pod.sockets?.get(app.name) ?? [];
  await write(pod, app.name, sockets.length === 0 ? config : withSockets(config, sockets, standIn(pod.context)));
  const probe = planProbe(app, config.process);
  if (probe !== undefined) writePrivate(pod.context, ociFiles.health(app.name), probe);
  for (const { name, args } of input.plan.eventHandlers) {
    const container = handlerContainer(app.name, name);
    await write(pod, container, planConfig({ ...input, terminal: false, handler: { container, args } }));
  }
}

/** Executed by the app, in which SELinux knows neither the store nor who made it. */
function standIn({ podDir, stage1Root, selinux }: FlavorContext): string {
  const program = `${stage1Root}/supervisor`;
  if (selinux === undefined) return program;
  const copy = `${podDir}/${ociFiles.standIn}`;
  copyFileSync(program, copy);
  setSelinuxLabel(copy, selinux.file);
  return copy;
}

async function write({ context: { podDir }, runtime }: PodToStart, container: string, planned: OciConfig): Promise<void> {
  const config = await withCompiledSeccomp(planned, runtime, `${podDir}/${SECCOMP_CACHE_FROM_POD}`);
  mkdirSync(`${podDir}/${ociFiles.bundle(container)}`, { recursive: true, mode: 0o700 });
  writePrivate({ podDir }, ociFiles.config(container), config);
}

/** The environment may hold secrets. */
function writePrivate({ podDir }: Pick<FlavorContext, 'podDir'>, file: string, value: OciConfig | OciProcess): void {
  writeFileSync(`${podDir}/${file}`, JSON.stringify(value), { mode: 0o600 });
}

function configInput(pod: PodToStart, app: RuntimeApp): ConfigInput {
  const { context, args, network, privateIpc, users } = pod;
  const { podDir, warn } = context;
  const rootfs = rootfsOf(podDir, app.name, users);
  const { terminal } = planStreams({ manifest: pod.manifest, interactive: args.interactive, mutable: args.mutable, confined: context.selinux !== undefined }, app);
  const plan = planApp({
    podDir,
    rootfs,
    manifest: pod.manifest,
    app,
    warn,
    label: context.selinux?.file,
    ...(args.debug ? { debug: warn } : {}),
    ...(users === undefined ? {} : { users: users.range }),
    ...(terminal === 'none' ? {} : { terminal: terminal === 'own' ? 'xterm' : (process.env['TERM'] ?? 'linux') }),
    ...(pod.metadataUrl === undefined ? {} : { metadataUrl: pod.metadataUrl }),
    dockerApp: () => dockerApp(podDir, app.name),
  });
  const isolators = appIsolators(pod, app.name, plan.app);
  return {
    cgroup: pod.cgroup,
    plan: { ...plan, environment: new Map([...plan.environment, ...notifyEnvironment(app)]) },
    terminal: terminal !== 'none',
    hostCapabilities: pod.hostCapabilities,
    selinux: context.selinux,
    // It keeps from the kernel's paths what the others do, which is not wanted then.
    apparmor: args.disablePaths ? undefined : defaultApparmorProfile(),
    isolators,
    podIsolators: pod.isolators,
    disks: isolators.some(({ kind }) => kind === 'block-bandwidth' || kind === 'block-iops') ? readBlockDevices() : [],
    insecure: {
      capabilities: args.disableCapabilitiesRestriction,
      paths: args.disablePaths,
      seccomp: args.disableSeccomp,
    },
    namespaces: { supervisorPid: pod.supervisorPid, network, privateIpc, users: users !== undefined, cgroup: hasCgroupNamespaces() },
    // crun finds the map out by itself; told, it would make the pod the owner of standard output.
    ...(users !== undefined && pod.runtime.kind === 'runc' ? { idMap: users.range } : {}),
    ...(users !== undefined && network.kind === 'host' ? { sys: `${podDir}/${ociFiles.sys}` } : {}),
    withoutMqueue: isRootless() && !privateIpc,
    ...(users !== undefined && !privateIpc ? { mqueue: `${podDir}/${ociFiles.mqueue}` } : {}),
    shm: privateIpc ? `${podDir}/${ociFiles.shm}` : '/dev/shm',
    files: [...planPodFiles(podDir, rootfs, args.dnsConfMode), ...notifyFiles(podDir, app)],
  };
}

/** A part of a processor that is more than the pod's could not be written in cgroup v1. */
function appIsolators({ context, hostCapabilities, network, cgroup, isolators: ofPod }: PodToStart, name: string, app: App): IsolatorValue[] {
  const owner = { scope: 'app', title: `app "${name}"` } as const;
  const own = enforcedIsolators(owner, isolatorsOf(app), hostAbilities({ capabilities: hostCapabilities, hasHostNetwork: network.kind === 'host', cgroup }), context.warn);
  const bound = ofPod.findLast((isolator) => isolator.kind === 'cpu')?.limitMilli || Number.POSITIVE_INFINITY;
  return own.map((isolator) => {
    if (isolator.kind !== 'cpu' || isolator.limitMilli <= bound) return isolator;
    context.warn(`warning: resource/cpu of app "${name}" is bounded by that of the pod, ${bound}m`);
    return { ...isolator, limitMilli: bound };
  });
}
