import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ImageId } from '#appc';
import { type Digest, parseReference, type Reference } from '#oci';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { findCredentials } from '../registry/credentials.ts';
import { policyFor } from '../registry/registry-places.ts';
import { type PushedBlob, RegistryPusher } from '../registry/registry-pusher.ts';
import { type BuiltImage, type BuiltLayer, buildImage } from './build-image.ts';

/**
 * Pushes an image of the store to a registry, under the tag of the destination. What the registry has is not sent.
 *
 * @param destination `docker://REGISTRY/REPOSITORY[:TAG]`
 * @returns the digest of the manifest
 * @throws {ImageError}, {OciError}, {StoreError}
 */
export async function pushImage(id: ImageId, destination: string, ctx: ImageContext): Promise<Digest> {
  const reference = parseDestination(destination);
  using scratch = ctx.store.scratch();
  ctx.report.debug(`image: packing image ${id}`);
  const image = await buildImage(ctx.store, id, { directory: scratch.path, compression: 'gzip' });
  using pusher = openPusher(reference, ctx);
  for (const layer of uniqueLayers(image)) await pushBlob(pusher, layerBlob(layer, ctx), originOf(id, reference, ctx), ctx);
  await pushBlob(pusher, { ...image.config, open: () => image.config.bytes }, undefined, ctx);
  const { bytes, digest, mediaType } = image.manifest;
  await pusher.pushManifest(reference.tag ?? digest, mediaType, bytes);
  return digest;
}

function parseDestination(text: string): Reference {
  const match = /^docker:\/\/(.+)$/s.exec(text);
  if (match === null) {
    throw new ImageError('bad-destination', `images are pushed to registries, not to ${JSON.stringify(text)}`, {
      hint: 'write docker://REGISTRY/REPOSITORY:TAG',
    });
  }
  const reference = parseReference(match[1]!);
  if (reference.digest === undefined) return reference;
  throw new ImageError('bad-destination', `${text}: the digest is not known before the image is made`, { hint: 'name a tag' });
}

function openPusher({ registry, repository }: Reference, ctx: ImageContext): RegistryPusher {
  const { config } = ctx;
  const policy = policyFor(registry, ctx);
  let found: ReturnType<typeof findCredentials> | undefined;
  return new RegistryPusher({ registry, policy, credentials: () => (found ??= findCredentials(registry, config)) }, repository);
}

/** Where the image came from, if that is the same registry: it may have the layers already. */
function originOf(id: ImageId, { registry }: Reference, { store }: ImageContext): string | undefined {
  const annotations = store.get(id)?.manifest.annotations ?? [];
  const value = (name: string): string | undefined => annotations.find((each) => each.name === `appc.io/docker/${name}`)?.value;
  return value('registryurl') === registry ? value('repository') : undefined;
}

async function pushBlob(pusher: RegistryPusher, blob: PushedBlob, from: string | undefined, ctx: ImageContext): Promise<void> {
  if (await pusher.hasBlob(blob)) return ctx.report.debug(`image: blob ${blob.digest} is there`);
  const how = await pusher.pushBlob(blob, from);
  ctx.report.debug(`image: blob ${blob.digest} ${how}`);
}

function layerBlob(layer: BuiltLayer, { report }: ImageContext): PushedBlob {
  const { digest, size, path } = layer;
  async function* counted(): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      yield piece;
      done += piece.length;
      report.progress({ kind: 'upload', id: digest, done, total: size });
    }
  }
  return { digest, size, open: () => Readable.from(counted(), { objectMode: false }) };
}

function uniqueLayers({ layers }: BuiltImage): BuiltLayer[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}
