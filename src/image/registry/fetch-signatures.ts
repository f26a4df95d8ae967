import { type Descriptor, digestAlgorithm, digestHex, MANIFEST_MEDIA_TYPES, MAXIMUM_MANIFEST_BYTES, MEDIA_TYPES, type OciIndex, type OciManifest, parseManifest } from '#oci';
import { messageOf } from '#errors';
import { readBody } from '../http/read-body.ts';
import { ImageError } from '../image-error.ts';
import type { FoundSignature } from '../trust/found-signature.ts';
import { checkBytes, type ManifestBytes } from './fetch-manifest.ts';
import type { RegistryClient } from './registry-client.ts';

const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.[1-9]\+json|\+json;version=0\.[1-9])$/;
const SIGNATURE = 'dev.cosignproject.cosign/signature';
/** More are not looked at; an image needs one. */
const SIGNATURE_LIMIT = 50;
const PAYLOAD_LIMIT = 1 << 20;

/**
 * All signatures a registry has of a manifest: cosign's, under the tag `sha256-<hex>.sig`, and sigstore bundles that
 * refer to the manifest (OCI distribution spec 1.1, referrers), by the API or by the tag `sha256-<hex>`.
 *
 * One that cannot be had is left out and told to `note`: another may be good.
 *
 * @throws {ImageError} of the connection
 */
export async function* fetchSignatures(
  client: RegistryClient,
  manifest: ManifestBytes,
  note: Note,
): AsyncGenerator<FoundSignature> {
  const tag = `${digestAlgorithm(manifest.digest)}-${digestHex(manifest.digest)}`;
  let left = SIGNATURE_LIMIT;
  const searches = [cosignSignatures(client, `${tag}.sig`, note), bundles(client, manifest, tag, note)];
  for (const search of searches) {
    for await (const found of tolerantly(search, note)) if (left-- > 0) yield found;
  }
}

type Note = (text: string) => void;

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

async function* cosignSignatures(client: RegistryClient, tag: string, note: Note): AsyncGenerator<FoundSignature> {
  const document = await getManifest(client, tag);
  if (document?.kind !== 'manifest') return;
  const layers = document.layers.slice(0, SIGNATURE_LIMIT).filter(({ mediaType }) => mediaType === PAYLOAD);
  for (const [index, layer] of layers.entries()) {
    const signature = layer.annotations?.[SIGNATURE];
    if (signature === undefined) continue;
    const artifact = await readable(getBlob(client, layer), note);
    if (artifact === undefined) continue;
    const where = `${tag}#${index + 1}`;
    yield { where, artifact, signature: Buffer.from(signature, 'base64'), annotations: layer.annotations! };
  }
}

async function* bundles(client: RegistryClient, manifest: ManifestBytes, tag: string, note: Note): AsyncGenerator<FoundSignature> {
  const referrers = (await getReferrers(client, manifest)) ?? (await getManifest(client, tag));
  if (referrers?.kind !== 'index') return;
  const entries = referrers.manifests.filter(({ artifactType }) => artifactType === undefined || BUNDLE.test(artifactType));
  for (const entry of entries.slice(0, SIGNATURE_LIMIT)) {
    const document = await readable(getManifest(client, entry.digest, entry), note);
    if (document?.kind !== 'manifest') continue;
    for (const layer of document.layers.filter(({ mediaType }) => BUNDLE.test(mediaType))) {
      const bundle: unknown = await readable(getJson(client, layer), note);
      if (bundle !== undefined) yield { where: entry.digest, bundle, artifact: manifest.bytes };
    }
  }
}

/** Undefined where the registry has no such API. */
async function getReferrers(client: RegistryClient, { digest }: ManifestBytes): Promise<OciIndex | undefined> {
  const what = `referrers of ${digest}`;
  const response = await client.get({
    path: `referrers/${digest}`,
    headers: { accept: MEDIA_TYPES.ociIndex },
    accept: [200, 400, 404, 405, 501],
    what,
  });
  const bytes = await readBody(response.body, MAXIMUM_MANIFEST_BYTES, what);
  if (response.status !== 200) return undefined;
  const parsed = parseManifest(bytes, response.headers['content-type']);
  return parsed.kind === 'index' ? parsed : undefined;
}

/** A manifest or index by tag or digest; undefined where there is none. */
async function getManifest(
  client: RegistryClient,
  name: string,
  expected?: Descriptor,
): Promise<OciManifest | OciIndex | undefined> {
  const what = `manifest ${client.registry}/${client.repository} ${name}`;
  const headers = { accept: MANIFEST_MEDIA_TYPES.join(', ') };
  const response = await client.get({ path: `manifests/${name}`, headers, accept: [200, 404], what });
  const bytes = await readBody(response.body, MAXIMUM_MANIFEST_BYTES, what);
  if (response.status === 404) return undefined;
  if (expected !== undefined) checkBytes(bytes, expected, what);
  return parseManifest(bytes, response.headers['content-type']);
}

async function getJson(client: RegistryClient, descriptor: Descriptor): Promise<unknown> {
  return JSON.parse((await getBlob(client, descriptor)).toString());
}

async function getBlob(client: RegistryClient, descriptor: Descriptor): Promise<Buffer> {
  const what = `signature ${descriptor.digest}`;
  if (descriptor.size > PAYLOAD_LIMIT) throw new ImageError('too-large', `${what} is larger than ${PAYLOAD_LIMIT} bytes`);
  const response = await client.get({ path: `blobs/${descriptor.digest}`, accept: [200], what });
  const bytes = await readBody(response.body, PAYLOAD_LIMIT, what);
  checkBytes(bytes, descriptor, what);
  return bytes;
}
