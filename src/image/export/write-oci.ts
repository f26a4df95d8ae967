import { chmodSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageId } from '#appc';
import { digestHex } from '#oci';
import { type FileToArchive, loadArchives, type Store } from '#store';
import { ImageError } from '../image-error.ts';
import { type Blob, type BuiltImage, buildImage, describe } from './build-image.ts';
import { carriedSignatures, type Companion, type ContentBlob } from './carried-signatures.ts';
import { type ExportedName, planExportedName } from './exported-name.ts';

const LAYOUT = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
const BLOBS = 'blobs/sha256';

/** Writes an image as an OCI image layout into an empty directory. Its file system must have room for it once. */
export async function writeOciLayout(store: Store, id: ImageId, directory: string): Promise<void> {
  const blobs = join(directory, BLOBS);
  const work = join(directory, 'work');
  for (const path of [blobs, work]) mkdirSync(path, { recursive: true });
  const image = await buildImage(store, id, { directory: work, compression: 'gzip' });
  for (const { path, digest } of uniqueLayers(image)) renameSync(path, join(blobs, digestHex(digest)));
  const companions = carriedSignatures(store, id, image.manifest);
  for (const { digest, bytes } of contentsOf(image, companions)) writeFileSync(join(blobs, digestHex(digest)), bytes);
  rmdirSync(work);
  writeFileSync(join(directory, 'oci-layout'), LAYOUT);
  writeFileSync(join(directory, 'index.json'), renderIndex(image.manifest, planExportedName(store.get(id)!.manifest), companions));
  for (const path of [directory, join(directory, 'blobs'), blobs]) chmodSync(path, 0o755);
}

/** Writes the same as one tar archive. */
export async function writeOciArchive(store: Store, id: ImageId, fd: number): Promise<void> {
  using scratch = store.scratch();
  const image = await buildImage(store, id, { directory: scratch.path, compression: 'gzip' });
  const companions = carriedSignatures(store, id, image.manifest);
  const { writeArchive } = await loadArchives();
  writeArchive(fd, [
    { name: 'oci-layout', content: LAYOUT },
    { name: 'index.json', content: renderIndex(image.manifest, planExportedName(store.get(id)!.manifest), companions) },
    ...contentsOf(image, companions).map(({ digest, bytes }) => ({ name: `${BLOBS}/${digestHex(digest)}`, content: bytes })),
    ...uniqueLayers(image).map(({ digest, path }) => ({ name: `${BLOBS}/${digestHex(digest)}`, content: { path } })),
  ]);
}

/** Writes what `docker load` and `podman load` read: uncompressed layers, named in manifest.json. */
export async function writeDockerArchive(store: Store, id: ImageId, fd: number): Promise<void> {
  using scratch = store.scratch();
  const image = await buildImage(store, id, { directory: scratch.path, compression: 'none' });
  const { reference } = planExportedName(store.get(id)!.manifest);
  const config = `${digestHex(image.config.digest)}.json`;
  const layerName = ({ digest }: Blob): string => `${digestHex(digest)}.tar`;
  const manifest = [{ Config: config, RepoTags: reference === undefined ? [] : [reference], Layers: image.layers.map(layerName) }];
  const files: FileToArchive[] = [
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
    { name: config, content: image.config.bytes },
    ...uniqueLayers(image).map((layer) => ({ name: layerName(layer), content: { path: layer.path } })),
  ];
  const { writeArchive } = await loadArchives();
  writeArchive(fd, files);
}

/** An image may have the same layer twice; its blob is there once. */
function uniqueLayers({ layers }: BuiltImage): BuiltImage['layers'] {
  if (layers.length === 0) throw new ImageError('unsupported-image', 'the image has no layers');
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

/** All blobs but the layers, each once. */
function contentsOf({ config, manifest }: BuiltImage, companions: readonly Companion[]): ContentBlob[] {
  const all = [manifest, config, ...companions.flatMap((each) => [each.manifest, ...each.blobs])];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

/** Names as docker and containerd write them: the tag for tools of OCI, the whole reference beside it. */
function renderIndex(manifest: Blob, { tag, reference }: ExportedName, companions: readonly Companion[]): Buffer {
  const annotations = {
    ...(reference === undefined ? {} : { 'io.containerd.image.name': reference }),
    ...(tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tag }),
  };
  const named = Object.keys(annotations).length === 0 ? {} : { annotations };
  const beside = companions.map(({ artifactType, manifest: own, tag: name }) => ({
    ...describe(own),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...describe(manifest), ...named }, ...beside] }));
}
