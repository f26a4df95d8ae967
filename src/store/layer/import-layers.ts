import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ImageManifest, renderImageManifest } from '#appc';
import { readTextIfExists, syncFileSystem, writeFileAtomic } from '#sys';
import type { StoreContext } from '../context.ts';
import { imageIdOf, layersTreeId, renderLayeredDocument } from '../image-id.ts';
import { getImage, type ImageRecord, importTimeNow, lockImage, touchImage, writeImageRecord, writeManifestText } from '../image-records.ts';
import { useImage } from '../image-use.ts';
import type { CasLayout } from '../layout.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { writeTreeRecord } from '../tree/tree-records.ts';
import type { LayerDigest, StoredImage } from '../types.ts';
import { pinLayer, unpinLayers } from './held-layers.ts';

/**
 * See {@link Store.importLayers}. In this order, so that after a power failure a record means that all is there:
 * the layers are synced, all at once; they are marked durable; manifest and record follow.
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
    writeImageRecord(layout, {
      id,
      kind: 'layers',
      name: manifest.name,
      labels: manifest.labels ?? [],
      importTime: importTimeNow(),
      size: [...new Set(layers)].reduce((sum, layer) => sum + layerSize(layout, layer), 0),
      layers,
      treeId,
    } satisfies ImageRecord);
  } else touchImage(layout, id);
  unpinLayers(context, layers);
  return getImage(layout, id)!;
}

function requireLayers(context: StoreContext, layers: readonly LayerDigest[]): void {
  const missing = layers.find((layer) => !pinLayer(context, layer));
  if (missing !== undefined) throw new StoreError('missing-layer', `layer ${missing} is not in the store`);
}

function makeDurable(layout: CasLayout, layers: readonly LayerDigest[]): void {
  const volatile = layers.map((layer) => layout.layer(layer).boot).filter((boot) => existsSync(boot));
  if (volatile.length === 0) return;
  syncFileSystem(layout.layers);
  for (const boot of volatile) rmSync(boot, { force: true });
}

/** 0 where it was lost: it is only shown. */
function layerSize(layout: CasLayout, layer: LayerDigest): number {
  return Number(readTextIfExists(layout.layer(layer).size) ?? '0');
}
