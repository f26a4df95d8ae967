import { createHash } from 'node:crypto';
import { type Digest, type Layer, MAXIMUM_CONFIG_BYTES, MAXIMUM_LAYERS, MAXIMUM_MANIFEST_BYTES, parseDigest, parseImageConfig } from '#oci';
import { ImageError } from '../image-error.ts';
import type { ArchiveFiles } from './image-files.ts';
import { checkDigest, chooseImage, digestOf, type LocalImage, type LocalLayer } from './local-image.ts';

export const DOCKER_MANIFEST = 'manifest.json';

/** An entry of manifest.json, as `docker save` writes it. */
interface SavedImage {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

/**
 * An image of what `docker save` or `podman save` wrote, old (a directory a layer) or new (an OCI layout as well).
 *
 * The layers are checked against the diff IDs of the configuration, and that against the digest it is named after.
 *
 * @throws {ImageError} bad-layout, not-found, digest-mismatch, too-large; {OciError}
 */
export async function readDockerArchive(files: ArchiveFiles, name: string | undefined): Promise<LocalImage> {
  const images = parseSaved(await files.read(DOCKER_MANIFEST, MAXIMUM_MANIFEST_BYTES), files.description);
  const image = chooseImage(files, images, name, ({ names }) => names);
  const bytes = await files.read(image.config, MAXIMUM_CONFIG_BYTES);
  const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1];
  if (named !== undefined) checkDigest(bytes, parseDigest(`sha256:${named}`), files.description);
  const config = parseImageConfig(bytes);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== image.layers.length) {
    throw bad(files.description, `the image has ${image.layers.length} layers and its configuration ${diffIds.length}`);
  }
  return {
    config,
    configDigest: digestOf(bytes),
    layers: diffIds.map((diffId, at) => describeLayer(files, diffId, image.layers[at]!)),
    names: name === undefined ? image.names : [name],
  };
}

function describeLayer(files: ArchiveFiles, diffId: Digest, name: string): LocalLayer {
  const place = files.place(name, { followLinks: true });
  const compression = compressionOf(files.pieces(place).next().value ?? Buffer.alloc(0));
  const digest = compression === 'none' ? diffId : digestOfPieces(files.pieces(place));
  return { digest, diffId, size: place.size, compression, urls: [], place };
}

function compressionOf(head: Buffer): Layer['compression'] {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE() === 0xfd2fb528 ? 'zstd' : 'none';
}

function digestOfPieces(pieces: Iterable<Buffer>): Digest {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

function parseSaved(bytes: Buffer, where: string): SavedImage[] {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new ImageError('bad-layout', `${where}: ${DOCKER_MANIFEST} is not JSON`, { cause });
  }
  if (!Array.isArray(value) || value.length === 0) throw bad(where, `${DOCKER_MANIFEST} names no image`);
  return value.map((entry: unknown) => parseEntry(entry, where));
}

function parseEntry(entry: unknown, where: string): SavedImage {
  const { Config: config, RepoTags: tags, Layers: layers } = (entry ?? {}) as Record<string, unknown>;
  if (typeof config !== 'string' || !isTexts(layers) || !isTexts(tags ?? [])) throw bad(where, `${DOCKER_MANIFEST} is malformed`);
  if (layers.length > MAXIMUM_LAYERS) throw bad(where, `the image has more than ${MAXIMUM_LAYERS} layers`);
  return { config, layers, names: (tags ?? []) as string[] };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function bad(where: string, problem: string): ImageError {
  return new ImageError('bad-layout', `${where}: ${problem}`);
}
