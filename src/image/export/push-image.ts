import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageId } from '#appc';
import { type Digest, digestHex, parseReference, type Reference } from '#oci';
import { pushConfined } from '../confined/push-confined.ts';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import type { BlobToPush, ManifestToPush } from '../registry/push-image.ts';
import { policyFor } from '../registry/registry-places.ts';
import { type Blob, type BuiltImage, buildImage } from './build-image.ts';
import { carriedSignatures, type Companion, type ContentBlob, listReferrers } from './carried-signatures.ts';

/**
 * Pushes an image of the store to a registry, under the tag of the destination, and the signatures it was fetched with
 * where they still are of it. What the registry has is not sent. A process that has but these files speaks to it.
 *
 * @param destination `docker://REGISTRY/REPOSITORY[:TAG]`
 * @returns the digest of the manifest
 * @throws {ImageError}, {OciError}, {StoreError}
 */
export async function pushImage(id: ImageId, destination: string, ctx: ImageContext): Promise<Digest> {
  const reference = parseDestination(destination);
  using scratch = ctx.store.scratch();
  const directory = join(scratch.path, 'blobs');
  mkdirSync(directory);
  ctx.report.debug(`image: packing image ${id}`);
  const image = await buildImage(ctx.store, id, { directory, compression: 'gzip' });
  const signatures = carriedSignatures(ctx.store, id, image.manifest);
  const companions = [...signatures, ...listReferrers(image.manifest, signatures)];
  writeContents(directory, [image.config, image.manifest, ...companions.flatMap(({ blobs, manifest }) => [...blobs, manifest])]);
  const { registry, repository } = reference;
  const policy = policyFor(registry, ctx);
  const blobs = planBlobs(image, companions, originOf(id, reference, ctx));
  await pushConfined({ registry, repository, policy, directory, blobs, manifests: planManifests(image, companions, reference) }, ctx);
  if (signatures.length > 0) ctx.report.debug(`image: its signatures went with it`);
  return image.manifest.digest;
}

/** Readable by the process that pushes them, which is not root; so far nobody else gets to the directory. */
function writeContents(directory: string, contents: readonly ContentBlob[]): void {
  for (const { bytes, digest } of contents) writeFileSync(join(directory, digestHex(digest)), bytes, { mode: 0o644 });
  chmodSync(directory, 0o755);
}

function planBlobs({ config, layers }: BuiltImage, companions: readonly Companion[], from: string | undefined): BlobToPush[] {
  const plan = ({ digest, size }: Blob): BlobToPush => ({ digest, size });
  const mounted = layers.map((layer) => ({ ...plan(layer), ...(from === undefined ? {} : { from }) }));
  const all = [...mounted, ...[config, ...companions.flatMap(({ blobs }) => blobs)].map(plan)];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

/** The image comes first: what refers to it is not to be found before it. */
function planManifests({ manifest }: BuiltImage, companions: readonly Companion[], { tag }: Reference): ManifestToPush[] {
  const plan = ({ digest, mediaType, size }: Blob, name: string = digest): ManifestToPush => ({ name, mediaType, digest, size });
  return [
    plan(manifest, tag),
    ...companions.map((each): ManifestToPush => (each.tag === undefined ? plan(each.manifest) : { ...plan(each.manifest, each.tag), keeps: true })),
  ];
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

/** Where the image came from, if that is the same registry: it may have the layers already. */
function originOf(id: ImageId, { registry }: Reference, { store }: ImageContext): string | undefined {
  const annotations = store.get(id)?.manifest.annotations ?? [];
  const value = (name: string): string | undefined => annotations.find((each) => each.name === `appc.io/docker/${name}`)?.value;
  return value('registryurl') === registry ? value('repository') : undefined;
}
