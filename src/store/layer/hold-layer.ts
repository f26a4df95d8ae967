import type { ImageId } from '#appc';
import type { StoreContext } from '../context.ts';
import { listImageIds, readImageRecord } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { mayUnpack } from '../privilege.ts';
import type { LayerDigest } from '../types.ts';
import { pinLayer } from './held-layers.ts';
import { pinKeptLayer } from './kept-layers.ts';

/**
 * Whether this process need not take in a layer: root has it unpacked, others have it kept, or an image has it; if so
 * gc will not take it while this process lives or until `unpinLayers`. What an image has goes with the image, though:
 * see {@link imageWith}.
 */
export function holdLayer(context: StoreContext, diffId: LayerDigest): boolean {
  if (mayUnpack()) return pinLayer(context, diffId);
  return pinKeptLayer(context, diffId) || imageWith(context.layout, diffId) !== undefined;
}

/**
 * An image that has a layer, in one form or the other: unpacked ones are in a directory that root alone may enter.
 *
 * @returns the layer's size too; 0 where it was not written down
 */
export function imageWith(layout: CasLayout, diffId: LayerDigest, but?: ImageId): { readonly size: number } | undefined {
  for (const id of listImageIds(layout)) {
    if (id === but) continue;
    const record = readImageRecord(layout, id);
    const index = record?.layers?.indexOf(diffId) ?? -1;
    if (index >= 0) return { size: record!.layerSizes?.[index] ?? 0 };
  }
  return undefined;
}
