import { readFileSync } from 'node:fs';
import { type AcName, parsePodManifest } from '#appc';
import { podFiles } from '#pod';
import type { FlavorContext, RunArgs, TreeMount } from '#stage1/abi';
import { becomeProcess, writeFileAtomic } from '#sys';
import { openPodCgroup } from './cgroup-of-pod.ts';
import { planAppSockets, withoutActivatedPorts } from './app-sockets.ts';
import { type PodToStart, writeBundle } from './bundle.ts';
import { EarlyMounts } from './early-mounts.ts';
import { ownCapabilities } from './host-limits.ts';
import { openNetwork } from './network.ts';
import { limitPod } from './pod-cgroup.ts';
import { writePodFiles } from './pod-files.ts';
import { podIsolators } from './pod-isolators.ts';
import { makeMounts } from './pod-mounts.ts';
import { giveStandardPipes, openPodUsers } from './pod-users.ts';
import { refuseUnsupported } from './run-refusals.ts';
import { writeRunningPod } from './running-pod.ts';
import { findRuntime } from './runtime.ts';
import { managerArguments } from './service-manager.ts';
import { superviseApp } from './supervised-app.ts';
import { planSupervisor } from './supervisor.ts';

const SUPERVISOR_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Brings a pod up: its user namespace, if it has one; network, and while its plugins work, once the images are rendered,
 * mounts of its own, which go with its last process; a bundle for each app; then this process becomes the supervisor,
 * which starts them.
 */
export async function run(context: FlavorContext, args: RunArgs, trees: Promise<readonly TreeMount[]>): Promise<never> {
  refuseUnsupported(args);
  const { podDir } = context;
  const runtime = findRuntime();
  const manifest = parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8'));
  const sockets = planAppSockets(manifest, process.env);
  // Who stops the pod knows this process by its working directory.
  process.chdir(podDir);
  const hostCapabilities = ownCapabilities();
  writeFileAtomic(podFiles.ppid, `${process.pid}\n`);
  const cgroup = await openPodCgroup(podDir, args.uuid, context.warn);
  const isolators = podIsolators({ args, manifest, hostCapabilities, cgroup, warn: context.warn });
  const users = await openPodUsers(args);
  const apps = manifest.apps.map(({ name }) => name);
  const mounts = new EarlyMounts((rendered) => makeMounts({ podDir, trees: rendered, apps, users }, runtime, context.selinux), context.hasMounts);
  const meanwhile = (): void => void trees.then((rendered) => mounts.prepare(rendered), () => {});
  const forwarded = withoutActivatedPorts(manifest, sockets);
  const network = await openNetwork({ podDir, lockFd: context.lockFd, args, manifest: forwarded, warn: context.warn, users, meanwhile });
  const hostname = args.hostname || `rkt-${args.uuid}`;
  writePodFiles({ podDir, uuid: args.uuid, hostname, modes: args.dnsConfMode, dns: network.dns, owner: users?.range.shift ?? 0, label: context.selinux?.file });
  mounts.enter(await trees);
  const pod: PodToStart = {
    context,
    args,
    manifest,
    runtime,
    network: network.namespace,
    ...(users === undefined ? {} : { users }),
    ...(network.metadataUrl === undefined ? {} : { metadataUrl: network.metadataUrl }),
    privateIpc: args.ipc !== 'parent',
    sockets,
    hostCapabilities,
    supervisorPid: process.pid,
    isolators,
    cgroup,
  };
  if (isolators.length > 0 && cgroup !== undefined) limitPod(cgroup, isolators);
  for (const app of manifest.apps) await writeBundle(pod, app);
  if (args.mutable) writeRunningPod(pod);
  return becomeSupervisor(pod, hostname, network.keepFd);
}

function becomeSupervisor(pod: PodToStart, hostname: string, networkFd: number | undefined): never {
  const { podDir, stage1Root, lockFd, selinux } = pod.context;
  const { runtime, network, privateIpc, users, cgroup } = pod;
  const path = `${stage1Root}/supervisor`;
  const { uuid, mutable, interactive } = pod.args;
  const apps = pod.manifest.apps.map((app) => ({
    ...superviseApp({ cgroup, manifest: pod.manifest, interactive, mutable, confined: selinux !== undefined }, app),
    sockets: socketsOf(pod, app.name),
  }));
  const manager = managerArguments(process.env, pod.context.warn);
  const argv = planSupervisor({ path, uuid, lockFd, podDir, hasCgroup: cgroup !== undefined, hostname, runtime, network, privateIpc, mutable, manager, apps, usersFd: users?.fd, selinux });
  if (users !== undefined) giveStandardPipes(users.range);
  const keepFds = [lockFd, users?.fd ?? [], networkFd ?? [], ...apps.map((app) => app.sockets)].flat();
  return becomeProcess({ path, argv, env: { PATH: SUPERVISOR_PATH }, cwd: podDir, keepFds });
}

function socketsOf({ sockets }: PodToStart, app: AcName): number[] {
  return (sockets?.get(app) ?? []).map(({ fd }) => fd);
}
