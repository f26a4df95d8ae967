import { type Descriptor, MANIFEST_MEDIA_TYPES, MAXIMUM_MANIFEST_BYTES, MEDIA_TYPES, type OciIndex, type OciManifest, parseManifest } from '#oci';
import { readBody } from '../http/read-body.ts';
import { type ManifestBytes, PAYLOAD_LIMIT, type SignatureStore } from '../trust/find-signatures.ts';
import { checkBytes } from './fetch-manifest.ts';
import type { RegistryClient } from './registry-client.ts';

/** The signatures that a repository of a registry has. */
export function registrySignatures(client: RegistryClient): SignatureStore {
  return {
    advice: 'it can be signed by: cosign sign --key KEY IMAGE',
    byTag: (tag) => getManifest(client, tag),
    byDescriptor: (descriptor) => getManifest(client, descriptor.digest, descriptor),
    referrers: async (manifest) => (await getReferrers(client, manifest))?.manifests,
    blob: (descriptor) => getBlob(client, descriptor),
  };
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

async function getBlob(client: RegistryClient, descriptor: Descriptor): Promise<Buffer> {
  const what = `signature ${descriptor.digest}`;
  const response = await client.get({ path: `blobs/${descriptor.digest}`, accept: [200], what });
  const bytes = await readBody(response.body, PAYLOAD_LIMIT, what);
  checkBytes(bytes, descriptor, what);
  return bytes;
}
