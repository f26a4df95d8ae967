import type { ImageId } from '#appc';
import { checkIsImage, type Layer, layersOf, parseImageConfig, type Reference } from '#oci';
import type { PullContext } from '../context.ts';
import { planImageManifest } from '../convert/image-manifest.ts';
import { blobStream } from './blob-stream.ts';
import { fetchConfig, fetchManifest } from './fetch-manifest.ts';
import { RegistryClient } from './registry-client.ts';

const PARALLEL_LAYERS = 3;

/**
 * Brings an image of a registry into the store: its manifest, its configuration, and the layers that are not held.
 *
 * @param originalName the reference as the user wrote it
 * @throws {ImageError}, {OciError}, and {StoreError} for layers that are not what they should be
 */
export async function pullImage(reference: Reference, originalName: string, ctx: PullContext): Promise<ImageId> {
  using client = openClient(reference, ctx);
  const { manifest, digest: manifestDigest } = await fetchManifest(client, reference);
  checkIsImage(manifest);
  const config = parseImageConfig(await fetchConfig(client, manifest.config));
  const layers = layersOf(manifest, config);
  const configDigest = manifest.config.digest;
  const imageManifest = planImageManifest({ reference, originalName, config, configDigest, manifestDigest });
  await fetchLayers(client, layers, ctx);
  const image = await ctx.store.importLayers({ manifest: imageManifest, layers: layers.map(({ diffId }) => diffId) });
  return image.id;
}

function openClient(reference: Reference, ctx: PullContext): RegistryClient {
  const { registry, repository } = reference;
  const { insecure } = ctx;
  const policy = { plainHttp: insecure.http, verifyCertificates: !insecure.tls };
  return new RegistryClient({ registry, policy, credentials: () => ctx.credentials() }, repository);
}

/** Brings all layers into the store, a few at a time. The first failure stops the others. */
async function fetchLayers(client: RegistryClient, layers: readonly Layer[], ctx: PullContext): Promise<void> {
  const waiting = layers.filter(({ diffId }) => !ctx.store.hasLayer(diffId)).values();
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
  const progress = (done: number): void => ctx.report.progress({ kind: 'layer', id: digest, done, total: size });
  await ctx.store.addLayer({ diffId, digest, size, compression }, (partial) => {
    if (partial.size > size) partial.discard();
    return blobStream(client, layer, { from: partial.size, onBytes: progress });
  });
}
