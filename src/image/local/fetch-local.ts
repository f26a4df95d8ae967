import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ImageId } from '#appc';
import { importLocal } from '../confined/import-local.ts';
import type { FindOptions, ImageContext } from '../context.ts';
import { fetchFile } from '../fetch-file.ts';
import { ACI_LIMIT } from '../http/limits.ts';
import { ImageError } from '../image-error.ts';
import type { LocalSource } from './local-source.ts';

const STDIN = 'standard input';

/** Takes in an image of this machine that is no ACI. @throws {ImageError} */
export async function fetchLocal({ form, path, name }: LocalSource, ctx: ImageContext): Promise<ImageId> {
  ctx.report.debug(`image: using image from ${form} ${path}`);
  return (await importLocal({ form, path, name, calledBy: { description: path, path } }, ctx))!;
}

/** Takes in what comes on standard input: an ACI, an OCI archive or a docker archive, recognised by its content. */
export async function fetchStdin(options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  using scratch = ctx.store.scratch();
  const path = join(scratch.path, 'stdin');
  await pipeline(process.stdin, limited, createWriteStream(path, { mode: 0o600 }));
  const calledBy = { description: STDIN, path: 'stdin' };
  const id = await importLocal({ form: undefined, path, name: undefined, calledBy }, ctx);
  if (id !== undefined) return id;
  if (!ctx.insecure.image && options.signatureFile === undefined) {
    throw new ImageError('no-signature', `${STDIN}: an ACI that comes this way cannot carry a signature`, {
      hint: 'name the file that has its signature by --signature; --insecure-options=image goes without',
    });
  }
  // The file goes with the scratch directory.
  return await fetchFile(path, options.signatureFile, ctx);
}

async function* limited(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of pieces) {
    if ((size += piece.length) > ACI_LIMIT) throw new ImageError('too-large', `${STDIN}: more than ${ACI_LIMIT} bytes`);
    yield piece;
  }
}
