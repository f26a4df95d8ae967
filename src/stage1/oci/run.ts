import { mkdirSync, readFileSync } from 'node:fs';
import { type IsolatorValue, parsePodManifest, type PodManifest, readIsolator } from '#appc';
import { podFiles } from '#pod';
import { checkSysctls } from '#security';
import { type FlavorContext, type RunArgs, stage1Layout } from '#stage1/abi';
import { becomeProcess, isTerminal, mount, mountOverlay, MS, unshareMounts, writeFileAtomic } from '#sys';
import { type PodToStart, writeBundle } from './bundle.ts';
import { coverHybridCgroups, memoryEventsFile } from './cgroup-view.ts';
import { enforcedIsolators } from './enforced-isolators.ts';
import { hostAbilities, ownCapabilities } from './host-limits.ts';
import { openNetwork } from './network.ts';
import { limitPod } from './pod-cgroup.ts';
import { writePodFiles } from './pod-files.ts';
import { appCgroup, ociFiles } from './pod-paths.ts';
import { refuseUnsupported } from './run-refusals.ts';
import { findRuntime, type Runtime } from './runtime.ts';
import { planSupervisor, type SupervisedApp } from './supervisor.ts';
import { upkeepArguments } from './upkeep.ts';

const SUPERVISOR_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Brings a pod up, in this order: network; mounts of its own, which go with its last process; a bundle for
 * each app; then this process becomes the supervisor, which starts them.
 */
export async function run(context: FlavorContext, args: RunArgs): Promise<never> {
  refuseUnsupported(args);
  const { podDir } = context;
  const runtime = findRuntime();
  const manifest = parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8'));
  // Who stops the pod knows this process by its working directory.
  process.chdir(podDir);
  const hostCapabilities = ownCapabilities();
  const isolators = podIsolators(context, args, manifest, hostCapabilities);
  writeFileAtomic(podFiles.ppid, `${process.pid}\n`);
  const network = await openNetwork({ podDir, lockFd: context.lockFd, args, manifest, warn: context.warn });
  const hostname = args.hostname || `rkt-${args.uuid}`;
  writePodFiles(podDir, args.uuid, hostname, args.dnsConfMode, network.dns);
  unshareMounts();
  makeMounts(context, runtime);
  const pod: PodToStart = {
    context,
    args,
    manifest,
    runtime,
    network: network.namespace,
    ...(network.metadataUrl === undefined ? {} : { metadataUrl: network.metadataUrl }),
    privateIpc: args.ipc !== 'parent',
    stdin: stdinOf(args),
    hostCapabilities,
    isolators,
  };
  if (isolators.length > 0) limitPod(args.uuid, isolators);
  for (const app of manifest.apps) await writeBundle(pod, app);
  return becomeSupervisor(pod, hostname);
}

function podIsolators(
  { warn }: FlavorContext,
  args: RunArgs,
  manifest: PodManifest,
  hostCapabilities: readonly string[],
): IsolatorValue[] {
  const given = (manifest.isolators ?? []).map(readIsolator);
  const isolators = enforcedIsolators({ scope: 'pod', title: 'the pod' }, given, hostAbilities(hostCapabilities), warn);
  const pod = { network: args.net !== 'host', ipc: args.ipc !== 'parent' };
  for (const isolator of isolators) if (isolator.kind === 'sysctl') checkSysctls(Object.keys(isolator.values), pod);
  return isolators;
}

function makeMounts({ podDir, treeMounts }: FlavorContext, runtime: Runtime): void {
  const directories = [stage1Layout.statusDirectory, ociFiles.initRoot, ociFiles.runtimeRoot, ociFiles.shm];
  for (const directory of directories) mkdirSync(`${podDir}/${directory}`, { recursive: true });
  for (const tree of treeMounts) {
    mkdirSync(tree.target, { recursive: true });
    mountOverlay(tree);
  }
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
  mount({ source: 'shm', target: `${podDir}/${ociFiles.shm}`, type: 'tmpfs', flags, data: 'mode=1777,size=65536k' });
  coverHybridCgroups(runtime);
}

function becomeSupervisor(pod: PodToStart, hostname: string): never {
  const { podDir, stage1Root, lockFd } = pod.context;
  const { runtime, network, privateIpc, stdin } = pod;
  const path = `${stage1Root}/supervisor`;
  const apps = pod.manifest.apps.map((app) => ({
    name: app.name,
    stdin,
    handlers: (app.app?.eventHandlers ?? []).map((handler) => handler.name),
    memoryEvents: memoryEventsFile(appCgroup(pod.args.uuid, app.name)),
    upkeep: upkeepArguments(app),
  }));
  const argv = planSupervisor({ path, uuid: pod.args.uuid, lockFd, podDir, hostname, runtime, network, privateIpc, apps });
  return becomeProcess({ path, argv, env: { PATH: SUPERVISOR_PATH }, cwd: podDir, keepFds: [lockFd] });
}

/** Only `--interactive` gives an app an input; without it an app reads an end of file. */
function stdinOf(args: RunArgs): SupervisedApp['stdin'] {
  if (!args.interactive) return 'null';
  return isTerminal(0) ? 'tty' : 'inherit';
}
