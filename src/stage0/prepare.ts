import { mkdirSync, writeFileSync } from 'node:fs';
import { forwardedPorts, type ImageId, parsePodManifest, type PodManifest } from '#appc';
import { createPod, type Pod, podFiles, podNameOf, withPodName } from '#pod';
import { readBounded } from '#sys';
import type { Store } from '#store';
import { checkAppAnnotations } from './app-annotations.ts';
import { findImages } from './find-images.ts';
import type { EngineParts } from './parts.ts';
import { checkTrust } from './check-trust.ts';
import { completePodManifest, planPodManifest, planSandboxManifest } from './pod-manifest.ts';
import { type AppImage, renderApps, usableManifest, writeAppInfo } from './prepare-app.ts';
import { choosePrivateUsers } from './private-users.ts';
import { lockPreparations } from './prepare-lock.ts';
import type { PrepareRequest } from './requests.ts';
import { appNameFor } from './runtime-app.ts';
import { loadDefaultStage1, type Stage1 } from './stage1-image.ts';

/** A pod in phase `prepare` that has everything but the root file systems of its apps. Its images are kept until they are rendered. */
export interface PodInPreparation extends Disposable {
  readonly pod: Pod;
  readonly manifest: PodManifest;
  /** Makes the root file systems, wherever the pod is by now; it stays there meanwhile. */
  render(): Promise<void>;
}

/**
 * Makes a pod directory from images, fetching what the store lacks.
 *
 * The pod is in phase `prepare`, exclusively locked: the caller renders it and moves it on, in whichever order. When
 * something fails here nothing is left of it; what a kill leaves is collected as an aborted prepare.
 */
export async function preparePod(
  parts: EngineParts,
  request: PrepareRequest,
  created: (uuid: string) => void = () => {},
): Promise<PodInPreparation> {
  const store = parts.store();
  // Fetching may take minutes, for which a collection of images is not to wait.
  const fetched = await fetchImages(parts, request);
  using kept = new DisposableStack();
  kept.use(lockPreparations(parts.dataDir, 'shared'));
  const held = fetched.every((id) => store.get(id) !== undefined);
  const plan = planPod(store, request, held ? fetched : await fetchImages(parts, request));
  // Found out before there is a pod: a port that leads nowhere, two that want the same, a name that is none,
  // a probe that cannot be.
  forwardedPorts(plan.manifest);
  const name = podNameOf(plan.manifest);
  for (const app of plan.manifest.apps) checkAppAnnotations(plan.manifest, app);
  await checkTrust(parts, plan.apps.map(({ id }) => id), request);
  const stage1 = await loadDefaultStage1(store, parts.defaultStage1);
  const pod = createPod(parts.dataDir);
  try {
    if (name !== undefined) pod.claimName(name);
    created(pod.uuid);
    const users = request.privateUsers ? choosePrivateUsers(parts.dataDir, pod) : undefined;
    writeFiles(parts, pod, stage1, plan);
    const keeping = kept.move();
    const dispose = (): void => keeping.dispose();
    const render = (): Promise<void> => renderApps(parts, pod, plan.apps, { copy: plan.noOverlay, users }).finally(dispose);
    return { pod, manifest: plan.manifest, render, [Symbol.dispose]: dispose };
  } catch (error) {
    discardPod(pod);
    throw error;
  }
}

/** Leaves nothing of a pod that has not got beyond `prepare`. */
export function discardPod(pod: Pod): void {
  pod.toGarbage();
  pod.remove();
}

interface PodPlan {
  readonly noOverlay: boolean;
  readonly manifest: PodManifest;
  readonly apps: readonly AppImage[];
}

async function fetchImages(parts: EngineParts, request: PrepareRequest): Promise<ImageId[]> {
  return request.podManifestPath === undefined ? findImages(parts, request.apps, request.pullPolicy) : [];
}

function planPod(store: Store, request: PrepareRequest, ids: readonly ImageId[]): PodPlan {
  if (request.podManifestPath !== undefined) return planFromManifest(store, request.podManifestPath, request);
  if (request.sandbox !== undefined) {
    return { noOverlay: request.noOverlay, manifest: named(planSandboxManifest(request.sandbox, request.ports), request), apps: [] };
  }
  const images = ids.map((id, at) => ({ argument: request.apps[at]!, id, manifest: usableManifest(store, id) }));
  return {
    noOverlay: request.noOverlay,
    manifest: named(planPodManifest(images, request), request),
    apps: images.map((image) => ({ name: appNameFor(image), id: image.id })),
  };
}

function named(manifest: PodManifest, { podName }: PrepareRequest): PodManifest {
  return podName === undefined ? manifest : withPodName(manifest, podName);
}

/** Of a pod manifest that is given as a file, in bytes. */
const LARGEST_MANIFEST = 16 << 20;

function planFromManifest(store: Store, path: string, request: PrepareRequest): PodPlan {
  const manifest = parsePodManifest(readBounded(path, LARGEST_MANIFEST).toString(), (id) => store.resolve(id));
  const complete = named(completePodManifest(manifest, (app) => usableManifest(store, app.image.id)), request);
  return { noOverlay: request.noOverlay, manifest: complete, apps: complete.apps.map((app) => ({ name: app.name, id: app.image.id })) };
}

function writeFiles(parts: EngineParts, pod: Pod, stage1: Stage1, plan: PodPlan): void {
  const store = parts.store();
  mkdirSync(pod.file('stage1'), { recursive: true, mode: 0o750 });
  writeFileSync(pod.file(podFiles.stage1Manifest), store.readManifestText(stage1.id));
  writeFileSync(pod.file(podFiles.stage1TreeStoreId), stage1.treeId);
  for (const app of plan.apps) writeAppInfo(store, pod, app);
  if (!plan.noOverlay) writeFileSync(pod.file(podFiles.overlayPrepared), '');
  if (parts.options.insecure.image) writeFileSync(pod.file(podFiles.verificationOff), '');
  pod.writeManifest(plan.manifest);
}
