import type { ImageId } from '#appc';
import { checkIsImage, type Layer, layersOf, parseImageConfig, type Reference } from '#oci';
import type { FindOptions, ImageContext } from './context.ts';
import { planImageManifest } from './convert/image-manifest.ts';
import { ImageError } from './image-error.ts';
import { dockerName } from './image-source.ts';
import { notInStore } from './not-in-store.ts';
import { blobStream } from './registry/blob-stream.ts';
import { findCredentials } from './registry/credentials.ts';
import { fetchConfig, fetchManifest } from './registry/fetch-manifest.ts';
import { RegistryClient } from './registry/registry-client.ts';
import { rememberedRemote } from './remembered-remote.ts';

const PARALLEL_LAYERS = 3;

/** An image of a registry, or as it was fetched before where the policy allows. @param text `docker://…` */
export async function fetchDocker(
  text: string,
  reference: Reference,
  options: FindOptions,
  ctx: ImageContext,
): Promise<ImageId> {
  const originalName = dockerName(text);
  const url = `docker://${originalName}`;
  const remembered = rememberedRemote(url, ctx.store);
  if (remembered !== undefined && options.pullPolicy !== 'update') {
    ctx.report.debug(`image: using image from local store for url ${url}`);
    return remembered.blobKey;
  }
  if (options.pullPolicy === 'never') throw notInStore(`docker image from URL "${url}"`);
  ctx.report.debug(`image: remote fetching from URL "${url}"`);
  checkVerification(ctx);
  ctx.report.debug(`image: fetching image from ${url}`);
  const id = await fetchAnew(reference, originalName, ctx);
  ctx.store.writeRemote({ url, blobKey: id, downloadTime: BigInt(Date.now()) * 1_000_000n });
  return id;
}

function checkVerification(ctx: ImageContext): void {
  if (ctx.insecure.image) return;
  throw new ImageError(
    'verification-unsupported',
    'signature verification for docker images is not supported (try --insecure-options=image)',
  );
}

async function fetchAnew(reference: Reference, originalName: string, ctx: ImageContext): Promise<ImageId> {
  using client = openClient(reference, ctx);
  const { manifest, digest: manifestDigest } = await fetchManifest(client, reference);
  checkIsImage(manifest);
  const config = parseImageConfig(await fetchConfig(client, manifest.config));
  const layers = layersOf(manifest, config);
  const configDigest = manifest.config.digest;
  const imageManifest = planImageManifest({ reference, originalName, config, configDigest, manifestDigest });
  await fetchLayers(client, layers, ctx);
  return ctx.store.importLayers({ manifest: imageManifest, layers: layers.map(({ diffId }) => diffId) }).id;
}

function openClient(reference: Reference, ctx: ImageContext): RegistryClient {
  const { registry, repository } = reference;
  const { insecure, config } = ctx;
  const policy = { plainHttp: insecure.http, verifyCertificates: !insecure.tls };
  return new RegistryClient({ registry, policy, credentials: () => findCredentials(registry, config) }, repository);
}

/** Brings all layers into the store, a few at a time. The first failure stops the others. */
async function fetchLayers(client: RegistryClient, layers: readonly Layer[], ctx: ImageContext): Promise<void> {
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

async function fetchLayer(client: RegistryClient, layer: Layer, ctx: ImageContext): Promise<void> {
  const { digest, size, compression, diffId } = layer;
  const progress = (done: number): void => ctx.report.progress({ kind: 'layer', id: digest, done, total: size });
  await ctx.store.addLayer({ diffId, digest, size, compression }, (partial) => {
    if (partial.size > size) partial.discard();
    return blobStream(client, layer, { from: partial.size, onBytes: progress });
  });
}
