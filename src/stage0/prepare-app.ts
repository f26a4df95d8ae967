import { mkdirSync, writeFileSync } from 'node:fs';
import type { AcName, ImageId, ImageManifest } from '#appc';
import { type Pod, podFiles } from '#pod';
import { stage1Layout } from '#stage1/abi';
import type { IdRange } from '#sys';
import type { Store } from '#store';
import { copyTree } from './copy-tree.ts';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';
import { checkPlatform } from './platform.ts';

export interface AppImage {
  readonly name: AcName;
  readonly id: ImageId;
}

/** Writes into a pod the manifest of the image that an app of it is made from. */
export function writeAppInfo(store: Store, pod: Pod, { name, id }: AppImage): void {
  store.touch(id);
  mkdirSync(pod.file(podFiles.appInfo(name)), { recursive: true, mode: 0o750 });
  writeFileSync(pod.file(podFiles.appManifest(name)), store.readManifestText(id));
}

/**
 * Renders the images of apps that have been written into a pod, side by side: into the store, where the pod names
 * them, or as copies into the pod, which does not move meanwhile.
 *
 * When this fails nothing goes on behind one's back.
 */
export async function renderApps(
  parts: EngineParts,
  pod: Pod,
  apps: readonly AppImage[],
  options: { readonly copy: boolean; readonly users: IdRange | undefined },
): Promise<void> {
  const render = async ({ name, id }: AppImage): Promise<void> => {
    const tree = await parts.store().tree(id);
    if (options.copy) await copyTree(parts.self, tree.lowerDirs, pod.file(stage1Layout.appRootfs(name)), options.users);
    else writeFileSync(pod.file(podFiles.appTreeStoreId(name)), tree.id);
  };
  const failed = (await Promise.allSettled(apps.map(render))).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** The manifest of an image that can run here. @throws {Stage0Error} */
export function usableManifest(store: Store, id: ImageId): ImageManifest {
  const image = store.get(id);
  if (image === undefined) {
    throw new Stage0Error('bad-pod-manifest', `image ${id} is not in the store`, {
      hint: 'fetch it first: rkt fetch IMAGE',
    });
  }
  checkPlatform(image.manifest);
  return image.manifest;
}
