import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ImageId, type ImageManifest, renderImageManifest } from '#appc';
import { syncDirectory, syncFileSystem, writeFileAtomic } from '#sys';
import type { StoreContext } from '../context.ts';
import { imageIdOf, layersTreeId, renderLayeredDocument } from '../image-id.ts';
import { getImage, type ImageRecord, importTimeNow, lockImage, touchImage, writeImageRecord, writeManifestText } from '../image-records.ts';
import { useImage } from '../image-use.ts';
import type { CasLayout } from '../layout.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import { mayUnpack } from '../privilege.ts';
import { StoreError } from '../store-error.ts';
import { writeTreeRecord } from '../tree/tree-records.ts';
import type { LayerDigest, StoredImage } from '../types.ts';
import { unpinLayers } from './held-layers.ts';
import { holdLayer, imageWith } from './hold-layer.ts';
import { isKept, removeKeptLayer } from './kept-layers.ts';
import { layerSize, totalSize } from './layer-size.ts';

/**
 * See {@link Store.importLayers}. In this order, so that after a power failure a record means that all is there:
 * the layers are synced, all at once; they are marked durable; manifest and record follow. Layers that are kept as they
 * came are durable already.
 */
export function importLayers(
  context: StoreContext,
  image: { manifest: ImageManifest; layers: readonly LayerDigest[] },
): StoredImage {
  const { layout } = context;
  const { manifest, layers } = image;
  const document = renderLayeredDocument(manifest, layers);
  const id = imageIdOf(document);
  useImage(context, id);
  using _lock = lockImage(layout, id);
  requireLayers(context, layers);
  makeDurable(layout, layers);
  const treeId = layersTreeId(layers);
  writeTreeRecord(layout, treeId, { layers });
  if (getImage(layout, id) === undefined) {
    makeStoreDirectory(layout.root, dirname(layout.blob(id)));
    writeFileAtomic(layout.blob(id), document, { mode: FILE_MODE, durable: true });
    writeManifestText(layout, id, renderImageManifest(manifest));
    const layerSizes = layers.map((layer) => layerSize(layout, layer) || (imageWith(layout, layer)?.size ?? 0));
    writeImageRecord(layout, {
      id,
      kind: 'layers',
      name: manifest.name,
      labels: manifest.labels ?? [],
      importTime: importTimeNow(),
      size: totalSize(layers, layerSizes),
      layers,
      layerSizes,
      treeId,
    } satisfies ImageRecord);
    requireLayersOfOthers(context, id, layers);
  } else touchImage(layout, id);
  unpinLayers(context, layers);
  return getImage(layout, id)!;
}

function requireLayers(context: StoreContext, layers: readonly LayerDigest[]): void {
  const missing = layers.find((layer) => !holdLayer(context, layer));
  if (missing !== undefined) throw missingLayer(missing);
}

/**
 * What is neither ours nor kept was another image's when it was looked at. From our record on it is this image's too:
 * if the other one is still there now, nobody can have collected it.
 */
function requireLayersOfOthers({ layout, pins }: StoreContext, id: ImageId, layers: readonly LayerDigest[]): void {
  const pinned = (layer: LayerDigest): boolean => pins.has(layout.layer(layer).directory) || pins.has(layout.keptLayer(layer).description);
  const missing = layers.find((layer) => !pinned(layer) && imageWith(layout, layer, id) === undefined);
  if (missing === undefined) return;
  rmSync(layout.image(id), { force: true });
  throw missingLayer(missing);
}

function missingLayer(diffId: LayerDigest): StoreError {
  return new StoreError('missing-layer', `layer ${diffId} is not in the store`);
}

/** Syncs what was unpacked, at once; from then on the files it was unpacked from are not needed. */
export function makeDurable(layout: CasLayout, layers: readonly LayerDigest[]): void {
  const volatile = layers.map((layer) => layout.layer(layer)).filter(({ boot }) => existsSync(boot));
  if (volatile.length > 0) syncFileSystem(layout.layers);
  for (const { boot } of volatile) rmSync(boot, { force: true });
  if (!mayUnpack()) return;
  for (const layer of layers.filter((each) => isKept(layout, each))) {
    syncDirectory(layout.layer(layer).directory);
    removeKeptLayer(layout, layer);
  }
}
