import { type AcName, parseImageManifest, type PodManifest } from '#appc';
import { messageOf, RktError } from '#errors';
import { type AppStatus, isMutable, listPods, openPod, type Pod, PodError } from '#pod';
import type { PodList } from './engine.ts';
import { versionedName } from './images.ts';
import type { EngineParts } from './parts.ts';
import type { AppView, MountView, PodView } from './views.ts';

/** `rkt list`. A pod whose manifest cannot be read is listed without apps, and told as a problem. */
export function list(parts: EngineParts): PodList {
  const pods: PodView[] = [];
  const problems: string[] = [];
  for (const pod of listPods(parts.dataDir)) {
    const problem = manifestProblem(pod);
    if (problem !== undefined) problems.push(problem);
    pods.push(podView(pod));
  }
  return { pods, problems };
}

/** `rkt status`. */
export function status(parts: EngineParts, uuid: string): PodView {
  using pod = openPod(parts.dataDir, uuid);
  return podView(pod);
}

/** `rkt cat-manifest`. */
export function podManifest(parts: EngineParts, uuid: string): PodManifest {
  using pod = openPod(parts.dataDir, uuid);
  return pod.manifest();
}

function manifestProblem(pod: Pod): string | undefined {
  if (pod.state === 'preparing' || pod.state === 'aborted prepare') return undefined;
  try {
    pod.manifest();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function podView(pod: Pod): PodView {
  const manifest = readableManifest(pod);
  const pid = pod.pid();
  const { startedAt } = pod;
  const name = pod.podName();
  return {
    uuid: pod.uuid,
    ...(name !== undefined && { name }),
    state: pod.state,
    apps: pod.apps().map((app) => appView(app, pod, manifest)),
    networks: pod.networks(),
    createdAt: pod.createdAt ?? 0n,
    ...(startedAt !== undefined && { startedAt }),
    ...(pid !== undefined && { pid }),
    ...(manifest?.userAnnotations !== undefined && { userAnnotations: manifest.userAnnotations }),
    ...(manifest?.userLabels !== undefined && { userLabels: manifest.userLabels }),
  };
}

function readableManifest(pod: Pod): PodManifest | undefined {
  try {
    return pod.manifest();
  } catch (error) {
    if (error instanceof PodError) return undefined;
    throw error;
  }
}

function appView(app: AppStatus, pod: Pod, manifest: PodManifest | undefined): AppView {
  const runtimeApp = manifest?.apps.find((each) => each.name === app.name)?.app;
  const { createdAt, startedAt } = manifest !== undefined && isMutable(manifest) ? app : pod;
  return {
    name: app.name,
    state: app.state,
    imageId: app.imageId,
    imageName: imageNameOf(app, pod),
    ...(createdAt !== undefined && { createdAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(app.finishedAt !== undefined && { finishedAt: app.finishedAt }),
    ...(app.exitCode !== undefined && { exitCode: app.exitCode }),
    ...(app.outOfMemory && { outOfMemory: true }),
    ...(app.restarts !== undefined && { restarts: app.restarts }),
    ...(app.health !== undefined && { health: app.health }),
    ...(manifest !== undefined && { mounts: mountViews(manifest, app.name) }),
    ...(runtimeApp?.userAnnotations !== undefined && { userAnnotations: runtimeApp.userAnnotations }),
    ...(runtimeApp?.userLabels !== undefined && { userLabels: runtimeApp.userLabels }),
  };
}

/** A pod manifest that a user brought may name an image by its ID only. */
function imageNameOf({ name, imageName, imageLabels }: AppStatus, pod: Pod): string | undefined {
  if (imageName !== undefined) return versionedName({ name: imageName, labels: imageLabels });
  const text = pod.imageManifestText(name);
  try {
    return text === undefined ? undefined : versionedName(parseImageManifest(text));
  } catch (error) {
    if (error instanceof RktError) return undefined;
    throw error;
  }
}

function mountViews(manifest: PodManifest, app: AcName): MountView[] {
  const mounts = manifest.apps.find((each) => each.name === app)?.mounts ?? [];
  return mounts.flatMap((mount) => {
    const volume = mount.appVolume ?? (manifest.volumes ?? []).find((each) => each.name === mount.volume);
    if (volume === undefined) return [];
    const { name, source = '', readOnly = false } = volume;
    return [{ name, containerPath: mount.path, hostPath: source, readOnly }];
  });
}
