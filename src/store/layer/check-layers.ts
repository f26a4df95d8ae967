import { type ImageId, parseImageManifest } from '#appc';
import { imageIdOf, layersTreeId, renderLayeredDocument } from '../image-id.ts';
import { readImageRecord, readManifestText } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { StoreError } from '../store-error.ts';

/** See {@link Store.checkLayers}. Says nothing of what is in the layers, and nothing of an ACI. */
export function checkLayers(layout: CasLayout, id: ImageId): void {
  const record = readImageRecord(layout, id);
  if (record === undefined) throw new StoreError('no-image', `image ${JSON.stringify(id)} is not in the store`);
  if (record.layers === undefined) return;
  const manifest = parseImageManifest(readManifestText(layout, id));
  const named = imageIdOf(renderLayeredDocument(manifest, record.layers));
  if (named === id && (record.treeId === undefined || record.treeId === layersTreeId(record.layers))) return;
  throw new StoreError('image-damaged', `image ${id} is damaged: its manifest and layers are those of another`, {
    hint: `remove it and fetch it again: rkt image rm ${id}`,
  });
}
