/** OCI and Docker image types: references, digests, manifests, configurations. Pure. */
export { type Digest, type DigestAlgorithm, digestAlgorithm, digestHex, parseDigest } from './digest.ts';
export { OciError, type OciErrorCode } from './error.ts';
export { MAXIMUM_CONFIG_BYTES, parseImageConfig } from './image-config.ts';
export { checkIsImage, type Layer, layersOf } from './layer.ts';
export { MAXIMUM_LAYERS, MAXIMUM_MANIFEST_BYTES, parseManifest } from './manifest.ts';
export { type Compression, layerCompression, MANIFEST_MEDIA_TYPES, MEDIA_TYPES } from './media-type.ts';
export { type Platform, selectPlatform } from './platform.ts';
export { parseReference, type Reference, renderReference } from './reference.ts';
export type { Descriptor, OciConfig, OciHealthcheck, OciHistory, OciIndex, OciManifest, OciRunConfig } from './types.ts';
