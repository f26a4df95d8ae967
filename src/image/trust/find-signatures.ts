import { type Descriptor, digestAlgorithm, digestHex, type OciIndex, type OciManifest } from '#oci';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import type { FoundSignature } from './found-signature.ts';

/** A manifest or index, by its digest. */
export interface ManifestBytes {
  readonly digest: Descriptor['digest'];
  readonly bytes: Buffer;
}

/** Where the signatures of an image are kept: a repository of a registry, or an OCI image layout. */
export interface SignatureStore {
  /** How an image gets a signature there; a hint. */
  readonly advice: string;
  /** Undefined where there is none. */
  byTag(tag: string): Promise<OciManifest | OciIndex | undefined>;
  byDescriptor(descriptor: Descriptor): Promise<OciManifest | OciIndex | undefined>;
  /** What refers to a manifest (OCI distribution spec 1.1, referrers); undefined where that cannot be asked. */
  referrers(manifest: ManifestBytes): Promise<readonly Descriptor[] | undefined>;
  /** A blob of a signature, whole and checked. @throws {ImageError} */
  blob(descriptor: Descriptor): Promise<Buffer>;
}

export const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const BUNDLE_TYPES = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.[1-9]\+json|\+json;version=0\.[1-9])$/;
/** The annotation of a payload that has its signature. */
export const SIGNATURE = 'dev.cosignproject.cosign/signature';
/** More are not looked at; an image needs one. */
export const SIGNATURE_LIMIT = 50;
export const PAYLOAD_LIMIT = 1 << 20;

/**
 * All signatures that there are of a manifest: cosign's, under the tag `sha256-<hex>.sig`, and sigstore bundles that
 * refer to the manifest, as referrers or by the tag `sha256-<hex>`.
 *
 * One that cannot be had is left out and told to `note`: another may be good.
 *
 * @throws {ImageError} of the connection
 */
export async function* findSignatures(store: SignatureStore, manifest: ManifestBytes, note: Note): AsyncGenerator<FoundSignature> {
  const tag = `${digestAlgorithm(manifest.digest)}-${digestHex(manifest.digest)}`;
  let left = SIGNATURE_LIMIT;
  const searches = [cosignSignatures(store, `${tag}.sig`, note), bundles(store, manifest, tag, note)];
  for (const search of searches) {
    for await (const found of tolerantly(search, note)) if (left-- > 0) yield found;
  }
}

export type Note = (text: string) => void;

/** Whether what refers to an image may be a signature of it. */
export function mayBeBundle({ artifactType }: Pick<Descriptor, 'artifactType'>): boolean {
  return artifactType === undefined || BUNDLE_TYPES.test(artifactType);
}

/** What a hostile or broken document breaks is the search at that place, not the others. */
async function* tolerantly(search: AsyncGenerator<FoundSignature>, note: Note): AsyncGenerator<FoundSignature> {
  try {
    yield* search;
  } catch (error) {
    noteUnreadable(error, note);
  }
}

async function readable<T>(reading: Promise<T>, note: Note): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    noteUnreadable(error, note);
    return undefined;
  }
}

/** @throws of the connection, which says nothing of the signature */
function noteUnreadable(error: unknown, note: Note): void {
  if (error instanceof ImageError && error.code === 'connection-failed') throw error;
  note(`a signature that cannot be read: ${messageOf(error)}`);
}

async function* cosignSignatures(store: SignatureStore, tag: string, note: Note): AsyncGenerator<FoundSignature> {
  const document = await store.byTag(tag);
  if (document?.kind !== 'manifest') return;
  const layers = document.layers.slice(0, SIGNATURE_LIMIT).filter(({ mediaType }) => mediaType === PAYLOAD);
  for (const [index, layer] of layers.entries()) {
    const signature = layer.annotations?.[SIGNATURE];
    if (signature === undefined) continue;
    const artifact = await readable(getBlob(store, layer), note);
    if (artifact === undefined) continue;
    const where = `${tag}#${index + 1}`;
    yield { where, artifact, signature: Buffer.from(signature, 'base64'), annotations: layer.annotations! };
  }
}

async function* bundles(store: SignatureStore, manifest: ManifestBytes, tag: string, note: Note): AsyncGenerator<FoundSignature> {
  const referrers = (await store.referrers(manifest)) ?? (await listedByTag(store, tag));
  for (const entry of referrers.filter(mayBeBundle).slice(0, SIGNATURE_LIMIT)) {
    const document = await readable(store.byDescriptor(entry), note);
    if (document?.kind !== 'manifest') continue;
    for (const layer of document.layers.filter(({ mediaType }) => BUNDLE_TYPES.test(mediaType))) {
      const bundle: unknown = await readable(getJson(store, layer), note);
      if (bundle !== undefined) yield { where: entry.digest, bundle, artifact: manifest.bytes };
    }
  }
}

/** As OCI registries without the API of referrers keep them. */
export async function listedByTag(store: Pick<SignatureStore, 'byTag'>, tag: string): Promise<readonly Descriptor[]> {
  const document = await store.byTag(tag);
  return document?.kind === 'index' ? document.manifests : [];
}

async function getJson(store: SignatureStore, descriptor: Descriptor): Promise<unknown> {
  return JSON.parse((await getBlob(store, descriptor)).toString());
}

async function getBlob(store: SignatureStore, descriptor: Descriptor): Promise<Buffer> {
  if (descriptor.size <= PAYLOAD_LIMIT) return store.blob(descriptor);
  throw new ImageError('too-large', `signature ${descriptor.digest} is larger than ${PAYLOAD_LIMIT} bytes`);
}
