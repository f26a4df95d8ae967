import { createHash } from 'node:crypto';
import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  MANIFEST_MEDIA_TYPES,
  MAXIMUM_CONFIG_BYTES,
  MAXIMUM_MANIFEST_BYTES,
  type OciManifest,
  parseDigest,
  parseManifest,
  type Reference,
  selectPlatform,
} from '#oci';
import { ImageError } from '../image-error.ts';
import { readBody } from '../http/read-body.ts';
import type { ManifestBytes } from '../trust/find-signatures.ts';
import type { RegistryClient } from './registry-client.ts';
import { machinePlatform } from '../machine-platform.ts';

const INDEX_DEPTH = 3;

export interface FetchedManifest {
  readonly manifest: OciManifest;
  /** Of the manifest's bytes as received, which were checked where the reference or an index named a digest. */
  readonly digest: Digest;
  /** What led there, the manifest included: what the reference names first, each entry of the one before. */
  readonly path: readonly ManifestBytes[];
}

/**
 * The manifest of an image for this machine: an index is followed to the entry for its platform.
 *
 * @throws {ImageError} digest-mismatch, unsupported-image, and of {@link RegistryClient.get}
 */
export async function fetchManifest(client: RegistryClient, reference: Reference): Promise<FetchedManifest> {
  const path: ManifestBytes[] = [];
  let wanted: { name: string; digest?: Digest; size?: number } = nameOf(reference);
  for (let depth = 0; depth < INDEX_DEPTH; depth++) {
    const { bytes, mediaType } = await getManifest(client, wanted);
    const digest = checkBytes(bytes, wanted, `manifest ${wanted.name}`);
    path.push({ digest, bytes });
    const parsed = parseManifest(bytes, mediaType);
    if (parsed.kind === 'manifest') return { manifest: parsed, digest, path };
    const entry = selectPlatform(parsed, machinePlatform());
    wanted = { name: entry.digest, digest: entry.digest, size: entry.size };
  }
  throw new ImageError('unsupported-image', `${client.registry}/${client.repository}: an index of indexes of indexes`);
}

function nameOf(reference: Reference): { name: string; digest?: Digest } {
  if (reference.digest !== undefined) return { name: reference.digest, digest: reference.digest };
  return { name: reference.tag ?? 'latest' };
}

async function getManifest(client: RegistryClient, wanted: { name: string }) {
  const what = `manifest ${client.registry}/${client.repository} ${wanted.name}`;
  const response = await client.get({
    path: `manifests/${wanted.name}`,
    headers: { accept: MANIFEST_MEDIA_TYPES.join(', ') },
    accept: [200],
    what,
  });
  const bytes = await readBody(response.body, MAXIMUM_MANIFEST_BYTES, what);
  return { bytes, mediaType: response.headers['content-type'] };
}

/** A small blob, whole: the image's configuration. @throws {ImageError} digest-mismatch, too-large */
export async function fetchConfig(client: RegistryClient, descriptor: Descriptor): Promise<Buffer> {
  const what = `configuration ${descriptor.digest}`;
  const response = await client.get({ path: `blobs/${descriptor.digest}`, accept: [200], what });
  const bytes = await readBody(response.body, Math.min(MAXIMUM_CONFIG_BYTES, descriptor.size), what);
  checkBytes(bytes, descriptor, what);
  return bytes;
}

/** The digest of bytes; that of what was wanted, where it is known. @throws {ImageError} digest-mismatch */
export function checkBytes(bytes: Buffer, wanted: { digest?: Digest; size?: number }, what: string): Digest {
  const algorithm = wanted.digest === undefined ? 'sha256' : digestAlgorithm(wanted.digest);
  const digest = parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
  if (wanted.size !== undefined && wanted.size !== bytes.length) {
    throw new ImageError('digest-mismatch', `${what}: has ${bytes.length} bytes instead of ${wanted.size}`);
  }
  if (wanted.digest !== undefined && wanted.digest !== digest) {
    throw new ImageError('digest-mismatch', `${what}: the registry sent ${digest} instead`);
  }
  return digest;
}
