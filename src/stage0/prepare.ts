import { mkdirSync, writeFileSync } from 'node:fs';
import { forwardedPorts, type ImageId, parsePodManifest, type PodManifest } from '#appc';
import { createPod, type Pod, podFiles, podNameOf, withPodName } from '#pod';
import type { Flavor } from '#stage1/abi';
import { type IdRange, readBounded } from '#sys';
import type { Store } from '#store';
import { checkAppAnnotations } from './app-annotations.ts';
import { copyTree } from './copy-tree.ts';
import { Stage0Error } from './error.ts';
import { findImages } from './find-images.ts';
import type { FoundStage1 } from './find-stage1.ts';
import { planStage1Mount } from './overlay.ts';
import type { EngineParts } from './parts.ts';
import { checkPlatform } from './platform.ts';
import { checkTrust } from './check-trust.ts';
import { completePodManifest, planPodManifest, planSandboxManifest } from './pod-manifest.ts';
import { type AppImage, renderApps, usableManifest, writeAppInfo } from './prepare-app.ts';
import { choosePrivateUsers } from './private-users.ts';
import { lockPreparations } from './prepare-lock.ts';
import type { PrepareRequest } from './requests.ts';
import { appNameFor } from './runtime-app.ts';
import { loadStage1, type Stage1, trustedStage1 } from './stage1-image.ts';

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
  const fetched = await findAll(parts, request);
  using kept = new DisposableStack();
  kept.use(lockPreparations(parts.dataDir, 'shared'));
  const held = [...fetched.apps, ...(fetched.stage1 === undefined ? [] : [fetched.stage1.id])].every((id) => store.get(id) !== undefined);
  const images = held ? fetched : await findAll(parts, request);
  const plan = planPod(store, request, images.apps);
  // Found out before there is a pod: a port that leads nowhere, two that want the same, a name that is none,
  // a probe that cannot be.
  forwardedPorts(plan.manifest);
  const name = podNameOf(plan.manifest);
  for (const app of plan.manifest.apps) checkAppAnnotations(plan.manifest, app);
  const judged = images.stage1?.isTrusted === false ? [images.stage1.id] : [];
  await checkTrust(parts, [...plan.apps.map(({ id }) => id), ...judged], request);
  const stage1 = await loadStage1(store, images.stage1?.id ?? (await trustedStage1(store, parts.defaultStage1)));
  const flavor = await parts.flavor(stage1.manifest.name);
  if (flavor.kind === 'image') checkStage1(flavor, stage1, request);
  const pod = createPod(parts.dataDir);
  try {
    if (name !== undefined) pod.claimName(name);
    created(pod.uuid);
    const users = request.privateUsers ? choosePrivateUsers(parts.dataDir, pod) : undefined;
    writeFiles(parts, pod, stage1, plan);
    const keeping = kept.move();
    const dispose = (): void => keeping.dispose();
    const render = (): Promise<void> => renderPod().finally(dispose);
    const renderPod = async (): Promise<void> => {
      if (flavor.kind === 'image') await layOutStage1(parts, pod, stage1, users);
      await renderApps(parts, pod, plan.apps, { copy: plan.noOverlay, users });
    };
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

/** A stage1 image's files are the pod's own; those of one that is built in are used where they are. */
async function layOutStage1(parts: EngineParts, pod: Pod, { id, tree }: Stage1, users: IdRange | undefined): Promise<void> {
  parts.store().touch(id);
  if (planStage1Mount(pod, tree) === undefined) await copyTree(parts.self, tree.lowerDirs, pod.file(podFiles.stage1Rootfs), users);
}

function checkStage1(flavor: Flavor, { manifest }: Stage1, request: PrepareRequest): void {
  checkPlatform(manifest);
  flavor.checkImage(manifest, { mutable: request.sandbox !== undefined });
  if (!request.privateUsers || request.noOverlay) return;
  throw new Stage0Error('overlay-with-users', `the stage1 ${manifest.name} cannot use both overlay and user namespace`, {
    hint: 'run the pod with --no-overlay as well',
  });
}

interface PodPlan {
  readonly noOverlay: boolean;
  readonly manifest: PodManifest;
  readonly apps: readonly AppImage[];
}

async function findAll(parts: EngineParts, request: PrepareRequest): Promise<{ apps: ImageId[]; stage1: FoundStage1 | undefined }> {
  const apps = await fetchImages(parts, request);
  const isDefault = request.stage1 === undefined && parts.config().stage1 === undefined;
  return { apps, stage1: isDefault ? undefined : await (await import('./find-stage1.ts')).findStage1(parts, request.stage1) };
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
  writeFileSync(pod.file(podFiles.stage1TreeStoreId), stage1.tree.id);
  for (const app of plan.apps) writeAppInfo(store, pod, app);
  if (!plan.noOverlay) writeFileSync(pod.file(podFiles.overlayPrepared), '');
  if (parts.options.insecure.image) writeFileSync(pod.file(podFiles.verificationOff), '');
  pod.writeManifest(plan.manifest);
}
