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

/** Writes into a pod what an app of it is made from: the image's manifest, and its tree or the tree's name. */
export async function prepareApp(
  parts: EngineParts,
  pod: Pod,
  { name, id }: { readonly name: AcName; readonly id: ImageId },
  options: { readonly copy: boolean; readonly users: IdRange | undefined },
): Promise<void> {
  const store = parts.store();
  const tree = await store.tree(id);
  store.touch(id);
  mkdirSync(pod.file(podFiles.appInfo(name)), { recursive: true, mode: 0o750 });
  writeFileSync(pod.file(podFiles.appManifest(name)), store.readManifestText(id));
  if (options.copy) copyTree(parts.self, tree.lowerDirs, pod.file(stage1Layout.appRootfs(name)), options.users);
  else writeFileSync(pod.file(podFiles.appTreeStoreId(name)), tree.id);
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
