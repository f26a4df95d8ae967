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
import type { ManifestBytes } from '../trust/find-signatures.ts';
import type { ImageFiles } from './image-files.ts';
import { isCompanion, namesOf, readBlob, readManifest } from './layout-index.ts';
import { layoutSignatures } from './layout-signatures.ts';
import { blobName, chooseImage, type LocalImage } from './local-image.ts';

const INDEX_DEPTH = 3;
export const OCI_MARKER = 'oci-layout';
const MARKER_LIMIT = 64 << 10;
/** Entries without a name that are looked at to tell images from what refers to them. */
const MOST_UNNAMED = 50;

/**
 * An image of an OCI image layout (image-spec, image-layout.md), for this machine where there are several of a name.
 *
 * @throws {ImageError} bad-layout, not-found, digest-mismatch, too-large; {OciError}
 */
export async function readOciLayout(files: ImageFiles, name: string | undefined): Promise<LocalImage> {
  await checkMarker(files);
  const index = parseManifest(await files.read('index.json', MAXIMUM_MANIFEST_BYTES));
  if (index.kind !== 'index') throw new ImageError('bad-layout', `${files.description}: index.json is not an index`);
  const entry = await chooseEntry(files, index, name);
  const { manifest, path } = await followIndexes(files, entry);
  checkIsImage(manifest);
  const config = parseImageConfig(await readBlob(files, manifest.config, MAXIMUM_CONFIG_BYTES));
  return {
    config,
    configDigest: manifest.config.digest,
    signed: { path, signatures: layoutSignatures(files, index) },
    layers: layersOf(manifest, config).map((layer) => ({ ...layer, place: files.place(blobName(layer.digest)) })),
    names: namesOf(entry),
  };
}

async function checkMarker(files: ImageFiles): Promise<void> {
  let version: unknown;
  try {
    const text = (await files.read(OCI_MARKER, MARKER_LIMIT)).toString();
    version = (JSON.parse(text) as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch (error) {
    if (error instanceof ImageError) throw new ImageError(error.code, `not an OCI image layout: ${error.message}`);
  }
  if (typeof version === 'string' && version.startsWith('1.')) return;
  throw new ImageError('bad-layout', `${files.description}: ${OCI_MARKER} is not that of an OCI image layout of version 1`);
}

/** Several entries may be one image for several platforms. */
async function chooseEntry(files: ImageFiles, index: OciIndex, name: string | undefined): Promise<Descriptor> {
  const named = name === undefined ? await imagesOf(files, index) : index.manifests.filter((entry) => namesOf(entry).includes(name));
  const names = new Set(named.map((entry) => namesOf(entry).join(' ')));
  const isOneImage = named.length > 1 && names.size === 1 && named.every(({ platform }) => platform !== undefined);
  if (isOneImage) return selectPlatform({ ...index, manifests: named }, machinePlatform());
  return chooseImage(files, name === undefined ? named : index.manifests, name, namesOf);
}

/** The entries that are images: a manifest without a name may refer to another, and its descriptor need not say so. */
async function imagesOf(files: ImageFiles, index: OciIndex): Promise<Descriptor[]> {
  const images = index.manifests.filter((entry) => !isCompanion(entry));
  const unnamed = images.filter((entry) => namesOf(entry).length === 0);
  if (images.length < 2 || unnamed.length === 0 || unnamed.length > MOST_UNNAMED) return images;
  const referring = new Set<Descriptor>();
  for (const entry of unnamed) {
    const document = await readManifest(files, entry);
    if (document.kind === 'manifest' && document.subject !== undefined) referring.add(entry);
  }
  return images.filter((entry) => !referring.has(entry));
}

async function followIndexes(files: ImageFiles, entry: Descriptor): Promise<{ manifest: OciManifest; path: ManifestBytes[] }> {
  const path: ManifestBytes[] = [];
  let descriptor = entry;
  for (let depth = 0; depth < INDEX_DEPTH; depth++) {
    const bytes = await readBlob(files, descriptor, MAXIMUM_MANIFEST_BYTES);
    path.push({ digest: descriptor.digest, bytes });
    const parsed = parseManifest(bytes, descriptor.mediaType);
    if (parsed.kind === 'manifest') return { manifest: parsed, path };
    descriptor = selectPlatform(parsed, machinePlatform());
  }
  throw new ImageError('unsupported-image', `${files.description}: an index of indexes of indexes`);
}
