import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageId, parseImageManifest } from '#appc';
import { listDirectory } from '#sys';
import { layersTreeId } from './image-id.ts';
import type { ImageRecord } from './image-records.ts';
import { isImageId, isLayerDigest } from './index-texts.ts';
import { layerSize, totalSize } from './layer/layer-size.ts';
import type { CasLayout } from './layout.ts';
import type { LayerDigest } from './types.ts';

/**
 * The records of all images that have a blob and a manifest: for an index that was lost, or that never was, as in
 * the store of rkt 1.30. A manifest is written when its blob is whole, so both together are an image.
 */
export function planRecords(layout: CasLayout): ImageRecord[] {
  return listBlobIds(layout).flatMap((id) => {
    try {
      return existsSync(layout.manifest(id)) ? [recordOf(layout, id)] : [];
    } catch {
      // Not an image of ours: nothing says what it is.
      return [];
    }
  });
}

export function listBlobIds(layout: CasLayout): ImageId[] {
  const shards = listDirectory(join(layout.images, 'sha512'));
  const names = shards.flatMap((shard) => listDirectory(join(layout.images, 'sha512', shard)));
  return names.filter(isImageId);
}

function recordOf(layout: CasLayout, id: ImageId): ImageRecord {
  const manifest = parseImageManifest(readFileSync(layout.manifest(id), 'utf8'));
  const blob = statSync(layout.blob(id), { bigint: true });
  const named = { id, name: manifest.name, labels: manifest.labels ?? [], importTime: blob.mtimeNs };
  const layers = layersOf(layout.blob(id));
  if (layers === undefined) return { ...named, kind: 'aci', size: Number(blob.size) };
  const layerSizes = layers.map((layer) => layerSize(layout, layer));
  return { ...named, kind: 'layers', size: totalSize(layers, layerSizes), layers, layerSizes, treeId: layersTreeId(layers) };
}

/** The layers of a layered image's document; undefined for an archive, which never begins with a brace. */
function layersOf(blob: string): LayerDigest[] | undefined {
  const first = Buffer.alloc(1);
  const fd = openSync(blob, 'r');
  try {
    readSync(fd, first);
  } finally {
    closeSync(fd);
  }
  if (first.toString() !== '{') return undefined;
  const { diffIDs } = JSON.parse(readFileSync(blob, 'utf8')) as { diffIDs?: unknown };
  if (!Array.isArray(diffIDs) || !diffIDs.every(isLayerDigest)) throw new Error(`${blob} names no layers`);
  return diffIDs;
}
