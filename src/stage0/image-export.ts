import { createReadStream, mkdirSync } from 'node:fs';
import type { ImageId } from '#appc';
import type { Store } from '#store';
import { writeWhole } from '#sys';
import type { EngineParts } from './parts.ts';
import { resolveImage } from './images.ts';
import { writeOutputDirectory, writeOutputFile } from './output.ts';
import type { ImageExportRequest, ImageFormat } from './requests.ts';

const CHUNK = 1 << 20;

/** `rkt image export`. */
export async function exportImage(parts: EngineParts, request: ImageExportRequest): Promise<void> {
  const store = parts.store();
  const id = resolveImage(store, request.image);
  store.touch(id);
  const { format, output, overwrite } = request;
  if (format === 'oci') {
    const { writeOciLayout } = await (await import('#image')).loadExport();
    return writeOutputDirectory(output, { overwrite, exists: 'output directory exists (try --overwrite)' }, parts.dataDir, async (directory) => {
      mkdirSync(directory);
      await writeOciLayout(store, id, directory);
    });
  }
  const exists = format === 'aci' ? 'output ACI file exists (try --overwrite)' : 'output file exists (try --overwrite)';
  return writeOutputFile(output, { overwrite, exists }, (fd) => writeFormat(store, id, format, fd));
}

async function writeFormat(store: Store, id: ImageId, format: Exclude<ImageFormat, 'oci'>, fd: number): Promise<void> {
  if (format === 'aci') return writePieces(fd, await aciOf(store, id));
  const { writeDockerArchive, writeOciArchive } = await (await import('#image')).loadExport();
  return format === 'oci-archive' ? writeOciArchive(store, id, fd) : writeDockerArchive(store, id, fd);
}

/** An ACI as it was imported; of an image of layers one that has the manifest and the files an app would see. */
async function aciOf(store: Store, id: ImageId): Promise<AsyncIterable<Buffer>> {
  const blob = store.blobPath(id);
  if (blob !== undefined) return createReadStream(blob, { highWaterMark: CHUNK });
  const { lowerDirs } = await store.tree(id);
  return store.pack({ directories: lowerDirs }, { name: 'rootfs', first: { name: 'manifest', text: store.readManifestText(id) } });
}

export async function writePieces(fd: number, pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of pieces) writeWhole(fd, piece);
}

/** `rkt image push`. Gives the manifest's digest. */
export async function pushImage(parts: EngineParts, image: string, destination: string): Promise<string> {
  const store = parts.store();
  const id = resolveImage(store, image);
  store.touch(id);
  const { pushImage: push } = await (await import('#image')).loadExport();
  return push(id, destination, await parts.images());
}
