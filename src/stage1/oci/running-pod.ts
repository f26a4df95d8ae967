import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PodManifest } from '#appc';
import type { FlavorContext } from '#stage1/abi';
import { unlessMissing, writeFileAtomic } from '#sys';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import type { PodToStart } from './bundle.ts';
import { OciStage1Error } from './errors.ts';
import { podIsolators } from './pod-isolators.ts';
import { ociFiles } from './pod-paths.ts';
import { runningUsers } from './pod-users.ts';

/** What an app that comes later must have in common with those of the pod's start. */
type RunningPod = Pick<PodToStart, 'args' | 'runtime' | 'network' | 'metadataUrl' | 'privateIpc' | 'hostCapabilities'>;

/** The arguments may hold the pod's token of the metadata service. */
export function writeRunningPod({ context, args, runtime, network, metadataUrl, privateIpc, hostCapabilities }: PodToStart): void {
  const path = `${context.podDir}/${ociFiles.running}`;
  const running: RunningPod = { args, runtime, network, ...(metadataUrl !== undefined && { metadataUrl }), privateIpc, hostCapabilities };
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, JSON.stringify(running), { mode: 0o600 });
}

/** @throws {OciStage1Error} 'not-mutable' */
export function readRunningPod(podDir: string): RunningPod {
  const text = unlessMissing(() => readFileSync(`${podDir}/${ociFiles.running}`, 'utf8'));
  if (text !== undefined) return JSON.parse(text) as RunningPod;
  throw new OciStage1Error('not-mutable', 'the pod was not started as one whose apps change');
}

/** A running pod as one to which an app is to be added. */
export function podOfRunning(context: FlavorContext, supervisorPid: number, manifest: PodManifest): PodToStart {
  const running = readRunningPod(context.podDir);
  // Whatever there is to warn of was told when the pod was started.
  const cgroup = cgroupOfPod(context.podDir);
  const isolators = podIsolators({ args: running.args, manifest, hostCapabilities: running.hostCapabilities, cgroup, warn: () => {} });
  const users = runningUsers(running.args, supervisorPid);
  return { ...running, ...(users && { users }), context, manifest, supervisorPid, isolators, cgroup };
}
