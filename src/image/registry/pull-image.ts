import { checkIsImage, type Layer, layersOf, parseImageConfig, type Reference } from '#oci';
import { appendToLayer } from '#store';
import type { PullContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { planImageManifest } from '../convert/image-manifest.ts';
import { readBlob } from './read-blob.ts';
import { fetchConfig, fetchManifest } from './fetch-manifest.ts';
import { dockerImageName } from '../trust/docker-image-name.ts';
import type { Verified } from '../trust/write-evidence.ts';
import { RegistryClient } from './registry-client.ts';
import type { RegistryPlace } from './registry-places.ts';
import type { SignedImage } from '../trust/verify-image.ts';

const PARALLEL_LAYERS = 3;

/**
 * Brings an image of a registry into the store: its manifest, its configuration, and the layers that are not held.
 *
 * @param originalName the reference as the user wrote it
 * @returns how it was verified
 * Unless verification is off, a trusted key must have signed it (see `verifyImage`).
 *
 * @throws {ImageError}, {OciError}, and {StoreError} for layers that are not what they should be
 */
export async function pullImage(reference: Reference, originalName: string, ctx: PullContext): Promise<Verified | undefined> {
  const { places } = ctx;
  for (const [index, place] of places.entries()) {
    try {
      return await pullFrom(place, reference, originalName, ctx);
    } catch (error) {
      if (index === places.length - 1 || !(error instanceof ImageError)) throw error;
      ctx.report.info(`image: mirror ${place.registry}: ${error.message}; trying the next place`);
    }
  }
  throw new ImageError('not-found', `${reference.registry} is nowhere`);
}

async function pullFrom(place: RegistryPlace, reference: Reference, originalName: string, ctx: PullContext): Promise<Verified | undefined> {
  using client = openClient(place, ctx);
  const { manifest, digest: manifestDigest, path } = await fetchManifest(client, reference);
  const verified = await verify(client, { name: dockerImageName(reference), path }, ctx);
  checkIsImage(manifest);
  const config = parseImageConfig(await fetchConfig(client, manifest.config));
  const layers = layersOf(manifest, config);
  const configDigest = manifest.config.digest;
  const imageManifest = planImageManifest({ reference, originalName, config, configDigest, manifestDigest });
  await fetchLayers(client, layers, ctx);
  await ctx.store.importLayers({ manifest: imageManifest, layers: layers.map(({ diffId }) => diffId) });
  return verified;
}

/** Before anything of the image is in the store. */
async function verify(client: RegistryClient, image: SignedImage, ctx: PullContext): Promise<Verified | undefined> {
  if (!ctx.insecure.image) {
    const [{ verifyImage }, { registrySignatures }] = await Promise.all([import('../trust/verify-image.ts'), import('./registry-signatures.ts')]);
    return verifyImage(registrySignatures(client), image, ctx);
  }
  ctx.report.info('image: warning: image signature verification has been disabled');
  return undefined;
}

function openClient({ registry, repository, policy }: RegistryPlace, ctx: PullContext): RegistryClient {
  return new RegistryClient({ registry, policy, credentials: () => ctx.credentials(registry) }, repository);
}

/** Brings all layers into the store, a few at a time. The first failure stops the others. */
async function fetchLayers(client: RegistryClient, layers: readonly Layer[], ctx: PullContext): Promise<void> {
  // The biggest first, so that in the end nobody waits for one alone.
  const missing = layers.filter(({ diffId }) => !ctx.store.hasLayer(diffId));
  const waiting = missing.toSorted((a, b) => b.size - a.size).values();
  const worker = async (): Promise<void> => {
    for (const layer of waiting) await fetchLayer(client, layer, ctx);
  };
  const results = await Promise.allSettled(Array.from({ length: PARALLEL_LAYERS }, () => worker().catch(stopOthers)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;

  function stopOthers(error: unknown): never {
    for (const _ of waiting);
    throw error;
  }
}

async function fetchLayer(client: RegistryClient, layer: Layer, ctx: PullContext): Promise<void> {
  const { digest, size, compression, diffId } = layer;
  await ctx.store.addLayer({ diffId, digest, size, compression }, async (file, signal) => {
    for await (const piece of readBlob(client, layer, { from: file.size })) {
      if (signal.aborted) return;
      appendToLayer(file, piece);
    }
  });
}
