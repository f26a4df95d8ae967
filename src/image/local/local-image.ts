import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm, digestHex, type Layer, type OciConfig, parseDigest } from '#oci';
import type { ArchivedFile } from '#store';
import { ImageError } from '../image-error.ts';
import type { ManifestBytes, SignatureStore } from '../trust/find-signatures.ts';
import type { ImageFiles } from './image-files.ts';

/** An image as its files describe it; nothing of its layers has been unpacked. */
export interface LocalImage {
  readonly config: OciConfig;
  readonly configDigest: Digest;
  readonly layers: readonly LocalLayer[];
  /** What it is called in there: a whole reference, or a tag alone. */
  readonly names: readonly string[];
  /** Undefined where the form has neither manifests nor signatures, as docker's own. */
  readonly signed?: {
    /** The manifest and before it the indexes that led there, as of a registry; what index.json names comes first. */
    readonly path: readonly ManifestBytes[];
    readonly signatures: SignatureStore;
  };
}

export interface LocalLayer extends Layer {
  /** In the archive; undefined where its blob is a file of a directory. */
  readonly place: ArchivedFile | undefined;
}

/** Bytes whose digest is what it was said to be. @throws {ImageError} digest-mismatch naming the blob */
export function checkDigest(bytes: Buffer, digest: Digest, where: string): Buffer {
  if (digestOf(bytes, digest) === digest) return bytes;
  throw new ImageError('digest-mismatch', `${where}: blob ${digest} does not have that digest`);
}

export function digestOf(bytes: Buffer, like?: Digest): Digest {
  const algorithm = like === undefined ? 'sha256' : digestAlgorithm(like);
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
}

/** Where a blob is in an OCI image layout (image-layout.md). */
export function blobName(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** One of several, by the name that was asked for. @throws {ImageError} not-found, naming what there is */
export function chooseImage<T>(
  files: Pick<ImageFiles, 'description'>,
  images: readonly T[],
  asked: string | undefined,
  namesOf: (image: T) => readonly string[],
): T {
  const matching = asked === undefined ? images : images.filter((image) => namesOf(image).includes(asked));
  if (matching.length === 1) return matching[0]!;
  const names = images.flatMap(namesOf).slice(0, 20).map((name) => JSON.stringify(name)).join(', ');
  const there = names === '' ? 'its images have no names' : `there are ${names}`;
  const problem = asked === undefined ? `${images.length} images` : `${matching.length === 0 ? 'no image' : 'several images'} named ${JSON.stringify(asked)}`;
  throw new ImageError('not-found', `${files.description}: ${problem}: ${there}`);
}
