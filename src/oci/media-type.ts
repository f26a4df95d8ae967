import { quoted } from '#errors';
import { OciError } from './error.ts';

/** Media types of images: OCI image-spec, media-types.md, and Docker's of image manifest version 2, schema 2. */
export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

/** What to send as `Accept` when asking a registry for a manifest. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
];

export type Compression = 'gzip' | 'zstd' | 'none';

const COMPRESSIONS: ReadonlyMap<string, Compression> = new Map<string, Compression>([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
]);

/** How a layer of this type is compressed. Throws `unsupported-media-type` for what is no layer of a file system. */
export function layerCompression(mediaType: string): Compression {
  const compression = COMPRESSIONS.get(mediaType);
  if (compression !== undefined) return compression;
  const why = mediaType.endsWith('+encrypted') ? 'encrypted layers are not supported' : 'it is not a layer of a file system';
  throw new OciError('unsupported-media-type', `unsupported layer of media type ${quoted(mediaType)}: ${why}`);
}

/** A media type as HTTP has it, without parameters and in lower case; undefined for those that say nothing. */
export function plainMediaType(header: string | undefined): string | undefined {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  const saysNothing = ['', 'application/json', 'application/octet-stream', 'text/plain'];
  return type === undefined || saysNothing.includes(type) ? undefined : type;
}
