import { createHash } from 'node:crypto';
import { type Digest, type Layer, MAXIMUM_CONFIG_BYTES, MAXIMUM_LAYERS, MAXIMUM_MANIFEST_BYTES, parseDigest, parseImageConfig } from '#oci';
import { ImageError } from '../image-error.ts';
import { type ImageFile, type ImageFiles, readSmall } from './image-files.ts';
import { checkDigest, chooseImage, digestOf, type LocalImage } from './local-image.ts';

const MANIFEST = 'manifest.json';

/** An entry of manifest.json, as `docker save` writes it. */
interface SavedImage {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

export function isDockerArchive(files: ImageFiles): boolean {
  return files.has(MANIFEST);
}

/**
 * An image of what `docker save` or `podman save` wrote, old (a directory a layer) or new (an OCI layout as well).
 *
 * The layers are checked against the diff IDs of the configuration, and that against the digest it is named after.
 *
 * @throws {ImageError} bad-layout, not-found, digest-mismatch, too-large; {OciError}
 */
export function readDockerArchive(files: ImageFiles, name: string | undefined): LocalImage {
  const images = parseSaved(readSmall(files, MANIFEST, MAXIMUM_MANIFEST_BYTES), files.description);
  const image = chooseImage(files, images, name, ({ names }) => names);
  const bytes = readSmall(files, image.config, MAXIMUM_CONFIG_BYTES);
  const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1];
  if (named !== undefined) checkDigest(bytes, parseDigest(`sha256:${named}`), files.description);
  const config = parseImageConfig(bytes);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== image.layers.length) {
    throw bad(files.description, `the image has ${image.layers.length} layers and its configuration ${diffIds.length}`);
  }
  const paths = new Map(diffIds.map((diffId, at) => [diffId, image.layers[at]!]));
  const open = (diffId: Digest): ImageFile => files.open(paths.get(diffId)!, { followLinks: true });
  return {
    config,
    configDigest: digestOf(bytes),
    layers: diffIds.map((diffId) => describeLayer(diffId, open)),
    names: name === undefined ? image.names : [name],
    openLayer: (layer) => open(layer.diffId),
  };
}

function describeLayer(diffId: Digest, open: (diffId: Digest) => ImageFile): Layer {
  using file = open(diffId);
  const head = file.read().next().value ?? Buffer.alloc(0);
  const compression = compressionOf(head);
  const digest = compression === 'none' ? diffId : digestOfFile(file);
  return { digest, diffId, size: file.size, compression, urls: [] };
}

function compressionOf(head: Buffer): Layer['compression'] {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE() === 0xfd2fb528 ? 'zstd' : 'none';
}

function digestOfFile(file: ImageFile): Digest {
  const hash = createHash('sha256');
  for (const piece of file.read()) hash.update(piece);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

function parseSaved(bytes: Buffer, where: string): SavedImage[] {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new ImageError('bad-layout', `${where}: ${MANIFEST} is not JSON`, { cause });
  }
  if (!Array.isArray(value) || value.length === 0) throw bad(where, `${MANIFEST} names no image`);
  return value.map((entry: unknown) => parseEntry(entry, where));
}

function parseEntry(entry: unknown, where: string): SavedImage {
  const { Config: config, RepoTags: tags, Layers: layers } = (entry ?? {}) as Record<string, unknown>;
  if (typeof config !== 'string' || !isTexts(layers) || !isTexts(tags ?? [])) throw bad(where, `${MANIFEST} is malformed`);
  if (layers.length > MAXIMUM_LAYERS) throw bad(where, `the image has more than ${MAXIMUM_LAYERS} layers`);
  return { config, layers, names: (tags ?? []) as string[] };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function bad(where: string, problem: string): ImageError {
  return new ImageError('bad-layout', `${where}: ${problem}`);
}
