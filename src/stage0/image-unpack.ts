import { chmodSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageId } from '#appc';
import { copyTree } from './copy-tree.ts';
import { resolveImage } from './images.ts';
import { writeOutputDirectory } from './output.ts';
import type { EngineParts } from './parts.ts';
import type { ImageUnpackRequest } from './requests.ts';

/** `rkt image extract` and `rkt image render`. */
export async function unpackImage(parts: EngineParts, request: ImageUnpackRequest): Promise<void> {
  const store = parts.store();
  const id = resolveImage(store, request.image);
  store.touch(id);
  const { output, overwrite, kind, rootfsOnly } = request;
  await writeOutputDirectory(output, { overwrite, exists: 'output directory exists (try --overwrite)' }, parts.dataDir, async (directory) => {
    if (rootfsOnly) return writeRootfs(parts, id, kind, directory);
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    await writeRootfs(parts, id, kind, join(directory, 'rootfs'));
    writeFileSync(join(directory, 'manifest'), store.readManifestText(id));
  });
}

/** An ACI alone is unpacked from its archive; all else is copied from the rendered tree. */
async function writeRootfs(parts: EngineParts, id: ImageId, kind: ImageUnpackRequest['kind'], rootfs: string): Promise<void> {
  const store = parts.store();
  if (kind === 'extract' && store.blobPath(id) !== undefined) return store.extractAci(id, rootfs);
  const { lowerDirs } = await store.tree(id);
  mkdirSync(rootfs);
  chmodSync(rootfs, lstatSync(lowerDirs[0]!).mode & 0o7777);
  await copyTree(parts.self, lowerDirs, rootfs);
}
