import {
  type Descriptor,
  checkIsImage,
  layersOf,
  MAXIMUM_CONFIG_BYTES,
  MAXIMUM_MANIFEST_BYTES,
  type OciIndex,
  type OciManifest,
  parseImageConfig,
  parseManifest,
  selectPlatform,
} from '#oci';
import { ImageError } from '../image-error.ts';
import { machinePlatform } from '../machine-platform.ts';
import type { ManifestBytes } from '../registry/fetch-manifest.ts';
import { type ImageFiles, readSmall } from './image-files.ts';
import { blobName, checkDigest, chooseImage, type LocalImage } from './local-image.ts';

const INDEX_DEPTH = 3;
const MARKER = 'oci-layout';
const MARKER_LIMIT = 64 << 10;
const REF_NAME = 'org.opencontainers.image.ref.name';
/** Written by containerd and docker: the whole reference, beside the tag alone. */
const FULL_NAME = 'io.containerd.image.name';

export function isOciLayout(files: ImageFiles): boolean {
  return files.has(MARKER);
}

/**
 * An image of an OCI image layout (image-spec, image-layout.md), for this machine where there are several of a name.
 *
 * @throws {ImageError} bad-layout, not-found, digest-mismatch, too-large; {OciError}
 */
export function readOciLayout(files: ImageFiles, name: string | undefined): LocalImage {
  checkMarker(files);
  const index = parseManifest(readSmall(files, 'index.json', MAXIMUM_MANIFEST_BYTES));
  if (index.kind !== 'index') throw new ImageError('bad-layout', `${files.description}: index.json is not an index`);
  const entry = chooseEntry(files, index, name);
  const { manifest, path } = followIndexes(files, entry);
  checkIsImage(manifest);
  const config = parseImageConfig(readBlob(files, manifest.config, MAXIMUM_CONFIG_BYTES));
  return {
    config,
    configDigest: manifest.config.digest,
    path,
    layers: layersOf(manifest, config),
    names: namesOf(entry),
    openLayer: (layer) => files.open(blobName(layer.digest)),
  };
}

function checkMarker(files: ImageFiles): void {
  let version: unknown;
  try {
    version = (JSON.parse(readSmall(files, MARKER, MARKER_LIMIT).toString()) as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch (error) {
    if (error instanceof ImageError) throw new ImageError(error.code, `not an OCI image layout: ${error.message}`);
  }
  if (typeof version === 'string' && version.startsWith('1.')) return;
  throw new ImageError('bad-layout', `${files.description}: ${MARKER} is not that of an OCI image layout of version 1`);
}

function namesOf({ annotations }: Descriptor): string[] {
  return [annotations?.[FULL_NAME], annotations?.[REF_NAME]].filter((name) => name !== undefined && name !== '') as string[];
}

/** Several entries may be one image for several platforms. */
function chooseEntry(files: ImageFiles, index: OciIndex, name: string | undefined): Descriptor {
  const named = name === undefined ? index.manifests : index.manifests.filter((entry) => namesOf(entry).includes(name));
  const names = new Set(named.map((entry) => namesOf(entry).join(' ')));
  const isOneImage = named.length > 1 && names.size === 1 && named.every(({ platform }) => platform !== undefined);
  if (isOneImage) return selectPlatform({ ...index, manifests: named }, machinePlatform());
  return chooseImage(files, index.manifests, name, namesOf);
}

function followIndexes(files: ImageFiles, entry: Descriptor): { manifest: OciManifest; path: ManifestBytes[] } {
  const path: ManifestBytes[] = [];
  let descriptor = entry;
  for (let depth = 0; depth < INDEX_DEPTH; depth++) {
    const bytes = readBlob(files, descriptor, MAXIMUM_MANIFEST_BYTES);
    path.push({ digest: descriptor.digest, bytes });
    const parsed = parseManifest(bytes, descriptor.mediaType);
    if (parsed.kind === 'manifest') return { manifest: parsed, path };
    descriptor = selectPlatform(parsed, machinePlatform());
  }
  throw new ImageError('unsupported-image', `${files.description}: an index of indexes of indexes`);
}

function readBlob(files: ImageFiles, { digest, size }: Descriptor, limit: number): Buffer {
  const bytes = readSmall(files, blobName(digest), limit);
  if (bytes.length !== size) {
    throw new ImageError('digest-mismatch', `${files.description}: blob ${digest} has ${bytes.length} bytes, not ${size}`);
  }
  return checkDigest(bytes, digest, files.description);
}
