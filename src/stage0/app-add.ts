import type { PodManifest, RuntimeApp } from '#appc';
import type { Pod } from '#pod';
import { checkAppAnnotations } from './app-annotations.ts';
import { markCreated } from './app-marks.ts';
import { clearApp } from './app-rm.ts';
import { checkTrust } from './check-trust.ts';
import { Stage0Error } from './error.ts';
import { findImages } from './find-images.ts';
import { mutableManifest, openRunningPod } from './mutable-pod.ts';
import { planTreeMounts } from './overlay.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import { type AppImage, renderApps, usableManifest, writeAppInfo } from './prepare-app.ts';
import { lockPreparations } from './prepare-lock.ts';
import type { AppAddRequest, AppArgument } from './requests.ts';
import { type ChosenImage, planRuntimeApp } from './runtime-app.ts';

/**
 * `rkt app add`: an app of an image in the store joins a running pod, ready to be started.
 *
 * It is in the pod when it is in the manifest, which is written last. When something fails before, nothing is left;
 * what a kill leaves goes when an app of that name comes, or with the pod.
 */
export async function addApp(parts: EngineParts, { pod: name, app: argument }: AppAddRequest): Promise<void> {
  using pod = openRunningPod(parts, name);
  const { annotations } = mutableManifest(pod, 'add');
  const [id] = await findImages(parts, [argument], 'never');
  using _preparing = lockPreparations(parts.dataDir, 'shared');
  const app = planAddedApp({ argument, id: id!, manifest: usableManifest(parts.store(), id!) });
  checkAppAnnotations({ annotations }, app);
  await checkTrust(parts, [id!], { verifyContent: false });
  // Unpacking may take long, for which other changes of the pod are not to wait.
  await parts.store().tree(id!);
  using _changing = pod.lockChanges();
  await joinPod(parts, pod, withApp(mutableManifest(pod, 'add'), app), { name: app.name, id: id! });
}

async function joinPod(
  parts: EngineParts,
  pod: Pod,
  manifest: PodManifest,
  app: AppImage,
): Promise<void> {
  const stage1 = await podStage1(parts, pod);
  const args = { uuid: pod.uuid, appName: app.name, debug: parts.options.debug };
  await clearApp(pod, stage1, args);
  try {
    writeAppInfo(parts.store(), pod, app);
    await renderApps(parts, pod, [app], { copy: !pod.usesOverlay(), users: pod.privateUsers() });
    const selinux = pod.selinuxLabels();
    const trees = planTreeMounts(pod, parts.store(), [app.name], selinux);
    // The executables of an image are told no more than the name of the app.
    if (stage1.flavor.kind === 'image') pod.writeManifest(manifest);
    await stage1.flavor.addApp({ ...stage1.context, selinux }, { ...args, manifest }, trees);
    markCreated(pod, app.name);
    pod.writeManifest(manifest);
  } catch (error) {
    if (stage1.flavor.kind === 'image') pod.writeManifest({ ...manifest, apps: manifest.apps.filter(({ name }) => name !== app.name) });
    // Why the app cannot be added says more than why something of it is still there, say that the pod has ended.
    await clearApp(pod, stage1, args).catch(() => {});
    throw error;
  }
}

/** Arguments take the place of the image's own, other than those of an image that a pod is prepared with. */
function planAddedApp(image: ChosenImage): RuntimeApp {
  const planned = planRuntimeApp(image, [], { inherited: [], fromFiles: [], explicit: [] });
  return { ...planned, ...(planned.app && { app: { ...planned.app, exec: execOf(image.argument, planned.app.exec) } }) };
}

function execOf({ args, exec }: AppArgument, planned: readonly string[]): readonly string[] {
  return exec === undefined && args.length > 0 ? [...planned.slice(0, 1), ...args] : planned;
}

/** @throws {Stage0Error} duplicate-app, bad-app-name */
function withApp(manifest: PodManifest, app: RuntimeApp): PodManifest {
  if (manifest.apps.some(({ name }) => name === app.name)) {
    throw new Stage0Error('duplicate-app', `error: multiple apps with name ${app.name}`, {
      hint: 'give it another name: IMAGE --name=NAME',
    });
  }
  const mark = /-(created|started)$/.exec(app.name)?.[0];
  if (mark !== undefined) {
    throw new Stage0Error('bad-app-name', `an app of a pod whose apps change cannot be named ${app.name}`, {
      hint: `names that end in ${mark} are those of files beside the status of other apps`,
    });
  }
  return { ...manifest, apps: [...manifest.apps, app] };
}
