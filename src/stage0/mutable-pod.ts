import type { AcName, PodManifest } from '#appc';
import { isMutable, openPod, type Pod } from '#pod';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';
import { requireRunning } from './require-running.ts';

/** A running pod that is ready to be changed. @throws {Stage0Error} */
export function openRunningPod(parts: EngineParts, name: string): Pod {
  const pod = openPod(parts.dataDir, name);
  try {
    requireStarted(pod);
    return pod;
  } catch (error) {
    pod.close();
    throw error;
  }
}

/** @throws {Stage0Error} pod-not-running, pod-not-ready */
export function requireStarted(pod: Pod): void {
  requireRunning(pod);
  if (pod.hasStarted()) return;
  throw new Stage0Error('pod-not-ready', `supervisor for pod "${pod.uuid}" is not yet ready`, {
    hint: `wait for it: rkt status --wait-ready=10s ${pod.uuid}`,
  });
}

/** The manifest of a pod whose apps change. @throws {Stage0Error} pod-immutable */
export function mutableManifest(pod: Pod, doing: string): PodManifest {
  const manifest = pod.manifest();
  if (isMutable(manifest)) return manifest;
  throw new Stage0Error('pod-immutable', `cannot ${doing} application: immutable pod`, {
    hint: 'only the apps of a pod that was started by "rkt app sandbox" change',
  });
}

/** @throws {Stage0Error} no-such-app */
export function requireApp(manifest: PodManifest, app: AcName): void {
  if (manifest.apps.some(({ name }) => name === app)) return;
  throw new Stage0Error('no-such-app', `error: nonexistent app "${app}"`);
}
