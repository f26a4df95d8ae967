import { type ImageId, type ImageManifest, renderImageManifest } from '#appc';
import { hashHex } from './hash-text.ts';
import type { LayerDigest } from './types.ts';

const HEX_LENGTH = 64;

/** The image ID of bytes: rkt's, the first half of their SHA-512. */
export function imageIdOf(bytes: string | Buffer): ImageId {
  return imageIdOfHex(hashHex('sha512', bytes));
}

export function imageIdOfHex(sha512: string): ImageId {
  return `sha512-${sha512.slice(0, HEX_LENGTH)}` as ImageId;
}

/**
 * What a layered image is named after, the same on every machine: its manifest and its layers, the base first.
 *
 * One line of JSON, `{"imageManifest":…,"diffIDs":["sha256:…"]}`, in the place of the ACI that it has not.
 */
export function renderLayeredDocument(manifest: ImageManifest, layers: readonly LayerDigest[]): string {
  return `{"imageManifest":${renderImageManifest(manifest)},"diffIDs":${JSON.stringify(layers)}}`;
}

/** The ID of the tree that layers make; images that differ only in their manifest share it. */
export function layersTreeId(layers: readonly LayerDigest[]): string {
  return `layers-${imageIdOf(layers.join('\n'))}`;
}

/** The ID of the tree that ACIs make, the one at the bottom first. */
export function aciTreeId(rendered: readonly { readonly id: ImageId; readonly keep?: readonly string[] }[]): string {
  return `deps-${imageIdOf(JSON.stringify(rendered.map(({ id, keep }) => [id, keep ?? null])))}`;
}
