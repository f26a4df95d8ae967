import { statSync } from 'node:fs';
import type { ImageId, ImageManifest } from '#appc';
import type { Store, StoredImage, Tree } from '#store';
import { unlessMissing } from '#sys';
import { Stage0Error } from './error.ts';

/** A stage1 image in the store, unpacked. */
export interface Stage1 {
  readonly id: ImageId;
  readonly manifest: ImageManifest;
  readonly tree: Tree;
}

export async function loadStage1(store: Store, id: ImageId): Promise<Stage1> {
  const tree = await store.tree(id);
  return { id, manifest: store.get(id)!.manifest, tree };
}

/**
 * A stage1 image that came with this rkt, taken into the store at its first use.
 *
 * It is trusted because whoever installed rkt put it there; a changed file is taken in again, and so is one
 * that the store has lost or holds damaged.
 */
export async function trustedStage1(store: Store, path: string): Promise<ImageId> {
  return (knownImage(store, path) ?? (await importStage1(store, path))).id;
}

function knownImage(store: Store, path: string): StoredImage | undefined {
  const record = store.readRemote(recordKey(path));
  if (record === undefined || record.etag !== fileVersion(path)) return undefined;
  const image = store.get(record.blobKey);
  if (image !== undefined && isWhole(image)) return image;
  store.remove(record.blobKey);
  return undefined;
}

function isWhole(image: StoredImage): boolean {
  try {
    return image.manifest !== undefined;
  } catch (error) {
    if ((error as { code?: string }).code === 'image-damaged') return false;
    throw error;
  }
}

async function importStage1(store: Store, path: string): Promise<StoredImage> {
  const etag = fileVersion(path);
  const image = await store.importAci(path);
  store.writeRemote({ url: recordKey(path), etag, downloadTime: BigInt(Date.now()) * 1_000_000n, blobKey: image.id });
  return image;
}

const recordKey = (path: string): string => `file://${path}`;

/** Changes when the file does: its size and its modification time. */
function fileVersion(path: string): string {
  const stat = unlessMissing(() => statSync(path, { bigint: true }));
  if (stat === undefined) {
    throw new Stage0Error('no-stage1', `there is no stage1 image at ${path}`, {
      hint: 'the default one belongs beside the rkt executable; build it with: npm run build',
    });
  }
  return `${stat.size}-${stat.mtimeNs}`;
}
