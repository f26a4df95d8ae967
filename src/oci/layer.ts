import { quoted } from '#errors';
import type { Digest } from './digest.ts';
import { OciError } from './error.ts';
import { type Compression, layerCompression, MEDIA_TYPES } from './media-type.ts';
import type { OciConfig, OciManifest } from './types.ts';

/** A layer as it is fetched, and as what it must turn out to be. */
export interface Layer {
  /** Of the blob in the registry. */
  readonly digest: Digest;
  /** Of the blob, in bytes. */
  readonly size: number;
  readonly compression: Compression;
  /** Of the uncompressed archive. */
  readonly diffId: Digest;
  /** Other places that have the blob. */
  readonly urls: readonly string[];
}

/**
 * The layers of an image, base first. Throws `unsupported-media-type` for what is no container image (a chart,
 * a signature, an encrypted image), and `bad-manifest` when manifest and configuration do not fit together.
 */
export function layersOf(manifest: OciManifest, config: OciConfig): Layer[] {
  checkIsImage(manifest);
  const diffIds = config.rootfs.diff_ids;
  if (manifest.layers.length !== diffIds.length) {
    const message = `bad image: the manifest has ${manifest.layers.length} layers and the configuration ${diffIds.length}`;
    throw new OciError('bad-manifest', message);
  }
  return manifest.layers.map(({ digest, size, mediaType, urls = [] }, index) => {
    return { digest, size, compression: layerCompression(mediaType), diffId: diffIds[index]!, urls };
  });
}

/** Throws `unsupported-media-type` unless a manifest is that of a container image. */
export function checkIsImage({ config, layers }: OciManifest): void {
  if (config.mediaType !== MEDIA_TYPES.ociConfig && config.mediaType !== MEDIA_TYPES.dockerConfig) {
    throw new OciError('unsupported-media-type', `not a container image: its configuration is ${quoted(config.mediaType)}`);
  }
  for (const { mediaType } of layers) layerCompression(mediaType);
}
