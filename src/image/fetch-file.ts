import { closeSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ImageId } from '#appc';
import { readBounded } from '#sys';
import type { ImageContext } from './context.ts';
import { SIGNATURE_LIMIT } from './http/limits.ts';
import { ImageError } from './image-error.ts';
import { importVerified } from './import-aci.ts';
import { openError } from './open-error.ts';
import { openRegularFile } from './open-regular-file.ts';

/** Takes in an ACI that is a file of this machine. @throws {ImageError} */
export async function fetchFile(path: string, signatureFile: string | undefined, ctx: ImageContext): Promise<ImageId> {
  ctx.report.debug(`image: using image from file ${resolve(path)}`);
  const signature = ctx.insecure.image ? undefined : readSignatureFile(signatureFile ?? signaturePath(path), ctx, path);
  if (signature === undefined) ctx.report.info('image: warning: image signature verification has been disabled');
  const fd = openRegularFile(path);
  try {
    return await importVerified({ fd, path, signature }, ctx);
  } finally {
    closeSync(fd);
  }
}

/** `x.aci` → `x.aci.asc`; also what has another name. */
export function signaturePath(path: string): string {
  return `${path.replace(/\.aci$/, '')}.aci.asc`;
}

/** @param image its file, where it is one: that may be what is not there */
export function readSignatureFile(path: string, ctx: Pick<ImageContext, 'report'>, image?: string): Buffer {
  try {
    return readBounded(path, SIGNATURE_LIMIT);
  } catch (error) {
    ctx.report.debug('image: error opening signature file');
    throw noSignature(openError(error), image);
  }
}

function noSignature(error: unknown, image: string | undefined): unknown {
  if (!(error instanceof ImageError)) return error;
  const isThere = image === undefined || statSync(image, { throwIfNoEntry: false })?.isFile() === true;
  const hint = isThere
    ? 'an image needs a signature beside it (.asc) or by --signature; --insecure-options=image goes without'
    : `and there is no image file "${image}"`;
  return new ImageError('no-signature', error.message, { hint, cause: error.cause });
}
