import { quoted } from '#errors';
import { type Decode, defined, type JsonObject, listOf, mapOf, objectOf, optional, parseDocument, required, sizeOf, stringOf, wrong } from './decode.ts';
import { parseDigest } from './digest.ts';
import { OciError } from './error.ts';
import { MEDIA_TYPES, plainMediaType } from './media-type.ts';
import { decodePlatform } from './platform.ts';
import type { Descriptor, OciIndex, OciManifest } from './types.ts';

export const MAXIMUM_MANIFEST_BYTES = 4 * 1024 * 1024;
/** More than the kernel can stack, and than any builder makes. */
export const MAXIMUM_LAYERS = 512;
export const MAXIMUM_INDEX_ENTRIES = 4096;
/** 1 TiB; a single blob beyond it is a mistake or an attack. */
export const MAXIMUM_BLOB_BYTES = 2 ** 40;

const INDEX_TYPES: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList];
const MANIFEST_TYPES: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];

/**
 * A manifest or index, OCI's or Docker's; `mediaType` is what the registry said it is, if it did.
 *
 * A document that could be read as both, or as another thing than it was sent as, is refused (CVE-2021-41190).
 * Throws `bad-manifest`, `schema-1`, `unsupported-media-type`.
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): OciManifest | OciIndex {
  const options = { code: 'bad-manifest', what: 'image manifest', maximumBytes: MAXIMUM_MANIFEST_BYTES } as const;
  return parseDocument(options, bytes, (document) => {
    const type = typeOf(document, plainMediaType(mediaType));
    return INDEX_TYPES.includes(type) ? decodeIndex(document, type) : decodeManifest(document, type);
  });
}

function typeOf(document: JsonObject, announced: string | undefined): string {
  if (document['schemaVersion'] === 1 || announced?.startsWith('application/vnd.docker.distribution.manifest.v1+')) {
    throw new OciError('schema-1', 'docker image manifest schema 1 is not supported', {
      hint: 'docker deprecated it in 2017: pull the image with an older docker and push it again with a current one',
    });
  }
  const own = optional(document, 'mediaType', stringOf) || undefined;
  if (own !== undefined && announced !== undefined && own !== announced) {
    wrong(`it was sent as ${quoted(announced)} and says that it is ${quoted(own)}`);
  }
  const type = own ?? announced ?? guessType(document);
  if (!INDEX_TYPES.includes(type) && !MANIFEST_TYPES.includes(type)) {
    throw new OciError('unsupported-media-type', `unsupported image manifest of media type ${quoted(type)}`, {
      hint: `supported are ${[...MANIFEST_TYPES, ...INDEX_TYPES].join(', ')}`,
    });
  }
  if (document['schemaVersion'] !== 2) wrong('schemaVersion must be 2');
  return type;
}

function has(document: JsonObject, name: string): boolean {
  return document[name] !== undefined && document[name] !== null;
}

function guessType(document: JsonObject): string {
  if (has(document, 'manifests')) return MEDIA_TYPES.ociIndex;
  return has(document, 'layers') ? MEDIA_TYPES.ociManifest : wrong('it has neither manifests nor layers');
}

function decodeIndex(document: JsonObject, mediaType: string): OciIndex {
  if (has(document, 'layers') || has(document, 'config')) wrong('an index must not have layers or config');
  return defined<OciIndex>({
    kind: 'index',
    mediaType,
    manifests: required(document, 'manifests', listOf(decodeDescriptor, MAXIMUM_INDEX_ENTRIES)),
    annotations: optional(document, 'annotations', mapOf),
  });
}

function decodeManifest(document: JsonObject, mediaType: string): OciManifest {
  if (has(document, 'manifests')) wrong('a manifest must not have manifests');
  return defined<OciManifest>({
    kind: 'manifest',
    mediaType,
    config: required(document, 'config', decodeDescriptor),
    layers: required(document, 'layers', listOf(decodeDescriptor, MAXIMUM_LAYERS)),
    artifactType: optional(document, 'artifactType', stringOf),
    subject: optional(document, 'subject', decodeDescriptor),
    annotations: optional(document, 'annotations', mapOf),
  });
}

const decodeDescriptor: Decode<Descriptor> = (value) => {
  const object = objectOf(value);
  return defined<Descriptor>({
    mediaType: required(object, 'mediaType', stringOf),
    digest: required(object, 'digest', (digest) => parseDigest(stringOf(digest))),
    size: required(object, 'size', blobSize),
    platform: optional(object, 'platform', decodePlatform),
    urls: optional(object, 'urls', listOf(stringOf, 64)),
    annotations: optional(object, 'annotations', mapOf),
    artifactType: optional(object, 'artifactType', stringOf),
  });
};

function blobSize(value: unknown): number {
  const size = sizeOf(value);
  return size > MAXIMUM_BLOB_BYTES ? wrong(`${size} bytes are more than ${MAXIMUM_BLOB_BYTES}`) : size;
}
