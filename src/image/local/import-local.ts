import type { ImageId } from '#appc';
import type { Layer } from '#oci';
import type { ImageContext } from '../context.ts';
import { planImageManifest } from '../convert/image-manifest.ts';
import { ImageError } from '../image-error.ts';
import { writeEvidence } from '../trust/write-evidence.ts';
import { readDockerArchive } from './docker-archive.ts';
import type { ImageFiles } from './image-files.ts';
import type { LocalImage } from './local-image.ts';
import { planLocalName } from './local-name.ts';
import type { LocalSource } from './local-source.ts';
import { readOciLayout } from './oci-layout.ts';

/**
 * Takes in an image of an OCI layout or docker archive: as one of a registry, with the same checks and the same ID.
 *
 * @throws {ImageError}, {OciError}, and {StoreError} for layers that are not what they should be
 */
export async function importLocal(files: ImageFiles, source: LocalSource, ctx: ImageContext): Promise<ImageId> {
  checkVerification(source, ctx);
  const image = source.form === 'docker-archive' ? readDockerArchive(files, source.name) : readOciLayout(files, source.name);
  const { config, configDigest } = image;
  const manifestDigest = image.path?.at(-1)?.digest;
  const manifest = planImageManifest({
    ...planLocalName(image.names, source),
    config,
    configDigest,
    ...(manifestDigest === undefined ? {} : { manifestDigest }),
  });
  for (const layer of image.layers) await addLayer(image, layer, files, ctx);
  const { id } = ctx.store.importLayers({ manifest, layers: image.layers.map(({ diffId }) => diffId) });
  writeEvidence(ctx.store, id, undefined);
  return id;
}

async function addLayer(image: LocalImage, layer: Layer, files: ImageFiles, ctx: ImageContext): Promise<void> {
  if (ctx.store.hasLayer(layer.diffId)) return;
  const { digest, diffId, size, compression } = layer;
  using file = image.openLayer(layer);
  if (file.size !== size) {
    throw new ImageError('digest-mismatch', `${files.description}: blob ${digest} has ${file.size} bytes, not ${size}`);
  }
  ctx.report.progress({ kind: 'layer', id: digest, done: 0, total: size });
  await ctx.store.addLayer({ diffId, digest, size, compression, local: true }, piecesOf(file.read()));
  ctx.report.progress({ kind: 'layer', id: digest, done: size, total: size });
}

async function* piecesOf(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}

function checkVerification({ form }: LocalSource, ctx: ImageContext): void {
  if (ctx.insecure.image) return ctx.report.info('image: warning: image signature verification has been disabled');
  const what = form === 'docker-archive' ? 'docker archives' : 'OCI image layouts';
  throw new ImageError(
    'no-signature',
    `signature verification for ${what} is not supported (try --insecure-options=image)`,
  );
}
