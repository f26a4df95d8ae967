import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageId } from '#appc';
import { type Digest, digestHex, MEDIA_TYPES, parseDigest } from '#oci';
import type { Store } from '#store';
import { writeWhole } from '#sys';
import { ImageError } from '../image-error.ts';
import { planOciConfig } from './plan-config.ts';

export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface BuiltLayer extends Blob {
  /** A file named after its digest in the directory that was given. */
  readonly path: string;
  readonly diffId: Digest;
}

/** An OCI image made of one of the store: its layers are files, the rest is here. */
export interface BuiltImage {
  readonly layers: readonly BuiltLayer[];
  readonly config: Blob & { readonly bytes: Buffer };
  readonly manifest: Blob & { readonly bytes: Buffer };
}

const LAYER_TYPES = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  none: 'application/vnd.oci.image.layer.v1.tar',
} as const;
/** What all of the image's users agree on: the usual level, and zlib's header without time and name. */
const GZIP = { level: 6, chunkSize: 1 << 18 } as const;

export interface BuildOptions {
  /** Where the layers go: on the file system they shall stay on. */
  readonly directory: string;
  readonly compression: keyof typeof LAYER_TYPES;
}

/**
 * Makes an OCI image of an image of the store. The layers are archived anew from their files, an ACI as one layer with
 * all it depends on: content and metadata are those of the store, digests are not those the image once came with.
 * Deterministic: the same files, and the same zlib, give the same digests.
 *
 * @throws {ImageError} not-in-store; {StoreError}
 */
export async function buildImage(store: Store, id: ImageId, options: BuildOptions): Promise<BuiltImage> {
  const image = store.get(id);
  if (image === undefined) throw new ImageError('not-in-store', `image ${id} is not in the store`);
  const layers: BuiltLayer[] = [];
  for await (const archive of archivesOf(store, id)) layers.push(await writeLayer(archive, options));
  const config = renderBlob(MEDIA_TYPES.ociConfig, planOciConfig(image.manifest, layers.map(({ diffId }) => diffId)));
  const manifest = renderBlob(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: describe(config),
    layers: layers.map(describe),
  });
  return { layers, config, manifest };
}

export function describe({ mediaType, digest, size }: Blob): Blob {
  return { mediaType, digest, size };
}

async function* archivesOf(store: Store, id: ImageId): AsyncGenerator<AsyncIterable<Buffer>> {
  const { layers } = store.get(id)!;
  const { lowerDirs } = await store.tree(id);
  if (layers === undefined) yield store.pack({ directories: lowerDirs }, { name: '.' });
  else for (const layer of layers) yield store.pack({ layer }, { name: '.' });
}

async function writeLayer(archive: AsyncIterable<Buffer>, options: BuildOptions): Promise<BuiltLayer> {
  const { createGzip } = await import('node:zlib');
  const { Readable } = await import('node:stream');
  const unpacked = createHash('sha256');
  const packed = createHash('sha256');
  const temporary = join(options.directory, `layer-${process.pid}.tmp`);
  const fd = openSync(temporary, 'w', 0o644);
  let size = 0;
  try {
    const plain = Readable.from(hashing(archive, unpacked));
    const zipped = options.compression === 'none' ? plain : compress(plain, createGzip(GZIP));
    for await (const piece of zipped as AsyncIterable<Buffer>) {
      packed.update(piece);
      writeWhole(fd, piece);
      size += piece.length;
    }
  } finally {
    closeSync(fd);
  }
  const digest = parseDigest(`sha256:${packed.digest('hex')}`);
  const path = join(options.directory, digestHex(digest));
  renameSync(temporary, path);
  return { mediaType: LAYER_TYPES[options.compression], digest, size, path, diffId: parseDigest(`sha256:${unpacked.digest('hex')}`) };
}

function compress(plain: import('node:stream').Readable, gzip: import('node:zlib').Gzip): import('node:zlib').Gzip {
  plain.once('error', (error) => gzip.destroy(error));
  return plain.pipe(gzip);
}

async function* hashing(archive: AsyncIterable<Buffer>, hash: import('node:crypto').Hash): AsyncGenerator<Buffer> {
  for await (const piece of archive) {
    hash.update(piece);
    yield piece;
  }
}

/** A document as the blob it is. */
export function renderBlob(mediaType: string, document: object): Blob & { bytes: Buffer } {
  return contentBlob(mediaType, Buffer.from(JSON.stringify(document)));
}

export function contentBlob(mediaType: string, bytes: Buffer): Blob & { bytes: Buffer } {
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return { mediaType, digest, size: bytes.length, bytes };
}
