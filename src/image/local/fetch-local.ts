import { closeSync, createWriteStream, openSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { loadArchives } from '#store';
import type { ImageId } from '#appc';
import type { FindOptions, ImageContext } from '../context.ts';
import { fetchFile } from '../fetch-file.ts';
import { ImageError } from '../image-error.ts';
import { openError } from '../open-error.ts';
import { isDockerArchive } from './docker-archive.ts';
import { archiveFiles, directoryFiles, type ImageFiles } from './image-files.ts';
import { importLocal } from './import-local.ts';
import type { LocalSource } from './local-source.ts';
import { isOciLayout } from './oci-layout.ts';

const STDIN = 'standard input';

/** Takes in an image of this machine that is no ACI. @throws {ImageError} */
export async function fetchLocal(source: LocalSource, ctx: ImageContext): Promise<ImageId> {
  ctx.report.debug(`image: using image from ${source.form} ${source.path}`);
  if (source.form === 'oci') return importLocal(directoryFiles(source.path), source, ctx);
  using scratch = ctx.store.scratch();
  return importLocal(await openArchive(source.path, source.path, scratch.path), source, ctx);
}

/** Takes in what comes on standard input: an ACI, an OCI archive or a docker archive, recognised by its content. */
export async function fetchStdin(options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  using scratch = ctx.store.scratch();
  const path = join(scratch.path, 'stdin');
  await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
  const files = await openArchive(path, STDIN, scratch.path);
  const form = isOciLayout(files) ? 'oci-archive' : isDockerArchive(files) ? 'docker-archive' : undefined;
  if (form !== undefined) return importLocal(files, { form, path: 'stdin', name: undefined }, ctx);
  if (!files.has('manifest')) {
    throw new ImageError('unsupported-image', `${STDIN}: neither an ACI nor an OCI or docker archive`);
  }
  if (!ctx.insecure.image && options.signatureFile === undefined) {
    throw new ImageError('no-signature', `${STDIN}: the image has no signature`, {
      hint: 'name the file that has it by --signature; --insecure-options=image goes without',
    });
  }
  return fetchFile(path, options.signatureFile, ctx);
}

/** An archive's files; a compressed one is first written out, since its files are not read in their order. */
async function openArchive(path: string, description: string, scratch: string): Promise<ImageFiles> {
  const { detectCompression, indexArchive, writeUncompressed } = await loadArchives();
  try {
    const fd = openSync(path, 'r');
    try {
      const plain = detectCompression(fd) === 'none' ? path : join(scratch, 'archive');
      if (plain !== path) await writeUncompressed(fd, plain);
      return archiveFiles(plain, indexArchive(plain), description);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === 'open') throw openError(path, error);
    throw error;
  }
}
