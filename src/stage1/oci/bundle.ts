import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type App, parseImageManifest, type PodManifest, type RuntimeApp } from '#appc';
import { podFiles } from '#pod';
import { type FlavorContext, type RunArgs, stage1Layout } from '#stage1/abi';
import { planApp } from '#stage1/apps';
import { hasCgroupNamespaces } from './cgroup-view.ts';
import { planConfig } from './config.ts';
import { supportedIsolators } from './host-limits.ts';
import type { PodNetwork } from './namespaces.ts';
import { planPodFiles } from './pod-files.ts';
import { ociFiles, SECCOMP_CACHE_FROM_POD } from './pod-paths.ts';
import type { Runtime } from './runtime.ts';
import { withCompiledSeccomp } from './seccomp-cache.ts';
import type { SupervisedApp } from './supervisor.ts';

/** A pod whose trees are mounted and whose network is up. */
export interface PodToStart {
  readonly context: FlavorContext;
  readonly args: RunArgs;
  readonly manifest: PodManifest;
  readonly runtime: Runtime;
  readonly network: PodNetwork;
  /** The pod's own IPC, rather than the host's. */
  readonly privateIpc: boolean;
  readonly stdin: SupervisedApp['stdin'];
  readonly hostCapabilities: readonly string[];
}

/** Writes what the runtime needs to start an app. */
export async function writeBundle(pod: PodToStart, app: RuntimeApp): Promise<void> {
  const { podDir } = pod.context;
  const config = await withCompiledSeccomp(configOf(pod, app), pod.runtime, `${podDir}/${SECCOMP_CACHE_FROM_POD}`);
  mkdirSync(`${podDir}/${ociFiles.bundle(app.name)}`, { recursive: true, mode: 0o700 });
  // The environment may hold secrets.
  writeFileSync(`${podDir}/${ociFiles.config(app.name)}`, JSON.stringify(config), { mode: 0o600 });
}

function configOf(pod: PodToStart, app: RuntimeApp) {
  const { context, args, network, privateIpc } = pod;
  const { podDir, warn } = context;
  const rootfs = `${podDir}/${stage1Layout.appRootfs(app.name)}`;
  const terminal = pod.stdin === 'tty';
  const plan = planApp({
    podDir,
    rootfs,
    manifest: pod.manifest,
    app,
    warn,
    ...(terminal ? { terminal: process.env['TERM'] ?? 'linux' } : {}),
    dockerApp: () => dockerApp(podDir, app),
  });
  return planConfig({
    uuid: args.uuid,
    plan,
    terminal,
    hostCapabilities: pod.hostCapabilities,
    isolators: supportedIsolators(plan.app, warn),
    insecure: {
      capabilities: args.disableCapabilitiesRestriction,
      paths: args.disablePaths,
      seccomp: args.disableSeccomp,
    },
    namespaces: { supervisorPid: process.pid, network, privateIpc, cgroup: hasCgroupNamespaces() },
    shm: privateIpc ? `${podDir}/${ociFiles.shm}` : '/dev/shm',
    files: planPodFiles(podDir, rootfs, args.dnsConfMode),
  });
}

function dockerApp(podDir: string, { name }: RuntimeApp): App | undefined {
  const text = readFileSync(`${podDir}/${podFiles.appManifest(name)}`, 'utf8');
  return text.includes('"appc.io/docker/repository"') ? parseImageManifest(text).app : undefined;
}
