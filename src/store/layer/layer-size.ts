import { readTextIfExists } from '#sys';
import type { CasLayout } from '../layout.ts';
import type { LayerDigest } from '../types.ts';
import { readKeptLayer } from './kept-layers.ts';

/** Bytes of a layer's uncompressed archive. 0 where it was lost: it is only shown. */
export function layerSize(layout: CasLayout, diffId: LayerDigest): number {
  return unpackedSize(layout, diffId) ?? readKeptLayer(layout, diffId)?.archiveSize ?? 0;
}

function unpackedSize(layout: CasLayout, diffId: LayerDigest): number | undefined {
  try {
    const text = readTextIfExists(layout.layer(diffId).size);
    return text === undefined ? undefined : Number(text);
  } catch {
    // Of root's alone.
    return undefined;
  }
}

/** Of layers of which one may be there twice. */
export function totalSize(layers: readonly LayerDigest[], sizes: readonly number[]): number {
  return [...new Map(layers.map((layer, index) => [layer, sizes[index]!])).values()].reduce((sum, size) => sum + size, 0);
}
