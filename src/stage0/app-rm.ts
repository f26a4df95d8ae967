import { rmSync } from 'node:fs';
import type { AcName } from '#appc';
import { openPod, type Pod, podFiles } from '#pod';
import { type AppArgs, type Flavor, type FlavorContext, stage1Layout } from '#stage1/abi';
import { listDirectory } from '#sys';
import { appMarks } from './app-marks.ts';
import { mutableManifest, requireApp, requireStarted } from './mutable-pod.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import type { AppRequest } from './requests.ts';

/**
 * `rkt app rm`: stops the app, takes it out of the manifest, then clears away what was there for it. What a crash
 * after the second step leaves goes when an app of that name comes, or with the pod.
 */
export async function rmApp(parts: EngineParts, { pod: name, app }: AppRequest): Promise<void> {
  using pod = openPod(parts.dataDir, name);
  if (pod.state === 'running') requireStarted(pod);
  using _ = pod.lockChanges();
  const manifest = mutableManifest(pod, 'remove');
  requireApp(manifest, app);
  const stage1 = pod.state === 'running' ? await podStage1(parts, pod) : undefined;
  const args = { uuid: pod.uuid, appName: app, debug: parts.options.debug };
  await stage1?.flavor.stopApp(stage1.context, args);
  pod.writeManifest({ ...manifest, apps: manifest.apps.filter((each) => each.name !== app) });
  await clearApp(pod, stage1, args);
}

/** Clears away what a pod has of an app that is not in its manifest: what stage1 has of it, where the pod runs, and files. */
export async function clearApp(
  pod: Pod,
  stage1: { readonly flavor: Flavor; readonly context: FlavorContext } | undefined,
  args: AppArgs,
): Promise<void> {
  await stage1?.flavor.rmApp(stage1.context, args);
  removeAppFiles(pod, args.appName);
}

function removeAppFiles(pod: Pod, app: AcName): void {
  const overlays = listDirectory(pod.file('overlay')).flatMap((treeId) => [
    `${pod.file(podFiles.overlayUpper(treeId))}/${app}`,
    `${pod.file(podFiles.overlayWork(treeId))}/${app}`,
  ]);
  const directories = [pod.file(stage1Layout.appDirectory(app)), ...overlays, pod.file(podFiles.appInfo(app))];
  for (const path of [...appMarks(pod, app), ...directories]) rmSync(path, { recursive: true, force: true });
}
