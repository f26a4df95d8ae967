import { type ImageId, type ImageManifest, labelValue, parseImageName } from '#appc';
import { listPods, phases } from '#pod';
import type { StoredImage, Store } from '#store';
import type { ImageGcResult, ImageRmResult } from './engine.ts';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';
import { lockPreparations } from './prepare-lock.ts';
import type { ImageVerification, ImageView } from './views.ts';

/** `rkt image list`. */
export async function listImages(store: Store): Promise<ImageView[]> {
  const { readSignatures } = await import('#image');
  return store.list().map((image) => ({
    id: image.id,
    name: versionedName(image),
    importTime: image.importTime,
    lastUsed: image.lastUsed,
    size: image.size,
    signatures: readSignatures(store, image.id),
  }));
}

/** `example.com/busybox:1.35.0`; without a version label only the name. */
export function versionedName(manifest: Pick<ImageManifest, 'name' | 'labels'>): string {
  const version = labelValue(manifest.labels, 'version');
  return version === undefined ? manifest.name : `${manifest.name}:${version}`;
}

/** An image by ID, prefix of an ID or name, as every `rkt image` command takes it. */
export function resolveImage(store: Store, text: string): ImageId {
  if (text.startsWith('sha512-')) return store.resolve(text);
  const { name, labels } = parseImageName(text);
  const image = store.findByName(name, labels);
  if (image !== undefined) return image.id;
  throw new Stage0Error('no-image', `no image IDs found: no image is named "${text}"`, { hint: 'see which images there are: rkt image list' });
}

/** @throws {Stage0Error} `image-damaged` where the store knows no more than the image's ID */
export function readImage(store: Store, text: string): StoredImage {
  const id = resolveImage(store, text);
  const image = store.get(id);
  if (image !== undefined) return image;
  throw new Stage0Error('image-damaged', `image "${id}" is damaged: its record cannot be read`, {
    hint: `remove it and fetch it again: rkt image rm ${id}`,
  });
}

/** `rkt image rm`. An image named twice, however, is removed once. */
export function removeImages(store: Store, images: readonly string[]): ImageRmResult[] {
  const results: ImageRmResult[] = [];
  const ids = new Set<ImageId>();
  for (const image of images) {
    try {
      ids.add(resolveImage(store, image));
    } catch (error) {
      results.push({ kind: 'not found', image, error });
    }
  }
  return [...results, ...[...ids].map((id) => removeImage(store, id))];
}

function removeImage(store: Store, id: ImageId): ImageRmResult {
  try {
    store.remove(id);
    return { kind: 'removed', id };
  } catch (error) {
    return { kind: 'kept', id, error };
  }
}

/** `rkt image gc`: trees no pod uses, then images long unused. */
export async function collectImages(parts: EngineParts, gracePeriodMs: number): Promise<ImageGcResult> {
  const store = parts.store();
  // Exclusive: no pod is being prepared, so what the pods name now is all that is in use.
  using _ = lockPreparations(parts.dataDir, 'exclusive');
  const used = usedByPods(parts.dataDir);
  const removedTrees = store.gcTrees(used.trees);
  const removedImages = store.gcImages(used.images, gracePeriodMs);
  store.gcLeftovers(used.trees);
  return { removedTrees, images: removedImages.map((id) => ({ kind: 'removed', id })) };
}

/**
 * `rkt image verify`: reads an image again, and all that was unpacked of it, and judges again who signed it.
 *
 * An unpacked ACI that has changed is unpacked anew, as rkt does. What cannot be mended is thrown.
 */
export async function verifyImage(parts: EngineParts, image: string): Promise<ImageVerification> {
  const store = parts.store();
  const id = resolveImage(store, image);
  const { checkEvidence, readSignatures } = await import('#image');
  for (const each of store.imagesBelow(id)) await store.verifyBlob(each);
  await checkEvidence(id, await parts.images(), { thorough: true });
  // Where verification is off, nothing was judged.
  const signatures = parts.options.insecure.image ? [] : readSignatures(store, id);
  try {
    const checksums = await store.verifyTree(id);
    return { image, id, checksums, signatures };
  } catch (error) {
    if (store.get(id)!.kind === 'layers') throw error;
    await store.renderAgain(id);
    return { image, id, checksums: 'repaired', problem: error, signatures };
  }
}

function usedByPods(dataDir: string): { trees: Set<string>; images: Set<ImageId> } {
  const trees = new Set<string>();
  const images = new Set<ImageId>();
  for (const pod of listPods(dataDir, phases)) {
    const stage1 = pod.stage1TreeId();
    if (stage1 !== undefined) trees.add(stage1);
    for (const app of pod.apps()) {
      images.add(app.imageId);
      const tree = pod.appTreeId(app.name);
      if (tree !== undefined) trees.add(tree);
    }
  }
  return { trees, images };
}
