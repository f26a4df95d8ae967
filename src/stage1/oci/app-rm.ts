import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type AcName, type MountPoint, parseImageManifest, parsePodManifest } from '#appc';
import { RktError } from '#errors';
import { podFiles } from '#pod';
import { type AppArgs, type FlavorContext, stage1Layout } from '#stage1/abi';
import { orphanedVolumes, removeEmptyVolumes } from '#stage1/apps';
import { listDirectory, readTextIfExists, runProgramSync, unmountAll } from '#sys';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import { removeAppCgroup } from './cgroups.ts';
import { askSupervisor } from './control.ts';
import { OciStage1Error } from './errors.ts';
import { placesOf } from './pod-mounts.ts';
import { handlerContainer, ociFiles } from './pod-paths.ts';
import { readRunningPod } from './running-pod.ts';
import type { Runtime } from './runtime.ts';
import { runtimeArguments } from './supervisor.ts';
import { joinPodMounts } from './supervisor-process.ts';

/** @throws {OciStage1Error} 'not-running', 'app-running' */
export async function rmApp({ podDir }: FlavorContext, { appName }: AppArgs): Promise<void> {
  const answer = await askSupervisor(podDir, ['forget', appName]);
  if (answer !== 'ok' && answer !== 'absent') throw new OciStage1Error('app-running', `app "${appName}" is still running`);
  const { runtime } = readRunningPod(podDir);
  joinPodMounts(podDir);
  removeApp(podDir, runtime, appName);
  removeEmptyVolumes(podDir, ownVolumes(podDir, appName));
}

/** The volumes that nobody gave, and that are only there because the app's image has mount points. */
function ownVolumes(podDir: string, app: AcName): string[] {
  const points = readMountPoints(`${podDir}/${podFiles.appManifest(app)}`);
  if (points.length === 0) return [];
  return orphanedVolumes(app, points, parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8')));
}

/** None where a kill has left half a manifest: then no volume had been made. */
function readMountPoints(imageManifest: string): readonly MountPoint[] {
  const text = readTextIfExists(imageManifest);
  try {
    return text === undefined ? [] : (parseImageManifest(text).app?.mountPoints ?? []);
  } catch (error) {
    if (error instanceof RktError) return [];
    throw error;
  }
}

/** Removes what the runtime, the kernel and the bundles have of an app and of its event handlers. Among the pod's mounts. */
export function removeApp(podDir: string, runtime: Runtime, app: string): void {
  const cgroup = cgroupOfPod(podDir);
  for (const container of [app, handlerContainer(app, 'pre-start'), handlerContainer(app, 'post-stop')]) {
    deleteContainer(podDir, runtime, container, cgroup !== undefined);
    if (cgroup !== undefined) removeAppCgroup(cgroup, container);
    rmSync(`${podDir}/${ociFiles.bundle(container)}`, { recursive: true, force: true });
  }
  rmSync(`${podDir}/${stage1Layout.attach(app)}`, { recursive: true, force: true });
  for (const file of listDirectory(`${podDir}/${stage1Layout.logDirectory}`)) {
    if (isLogOf(app, file)) rmSync(`${podDir}/${stage1Layout.logDirectory}/${file}`);
  }
  for (const place of placesOf(podDir, app)) unmountAll(place);
}

/** No app's name has a dot. */
function isLogOf(app: string, file: string): boolean {
  return file.startsWith(`${app}.log`);
}

function deleteContainer(podDir: string, runtime: Runtime, container: string, hasCgroup: boolean): void {
  if (!existsSync(`${podDir}/${ociFiles.runtimeRoot}/${container}`)) return;
  const { status, stderr } = runProgramSync(runtime.path, [...runtimeArguments(runtime, podDir, hasCgroup), 'delete', '--force', container]);
  if (status !== 0) throw new OciStage1Error('not-deleted', `cannot delete "${container}": ${stderr.trim()}`);
}
