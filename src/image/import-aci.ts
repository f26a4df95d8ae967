import { fstatSync } from 'node:fs';
import type { AcIdentifier, ImageId } from '#appc';
import type { ImageContext } from './context.ts';
import { ImageError } from './image-error.ts';

export interface AciFile {
  /** Open for reading; the same file is verified and imported, whatever becomes of its name. */
  readonly fd: number;
  /** For messages. */
  readonly path: string;
  /** Undefined where none is needed. */
  readonly signature: Buffer | undefined;
}

/** Verifies an ACI where it must be, and takes it into the store. What is refused is not in the store. */
export async function importVerified(file: AciFile, ctx: ImageContext): Promise<ImageId> {
  // The decompressors of the store are other processes, for which /proc/self would be their own.
  const path = `/proc/${process.pid}/fd/${file.fd}`;
  const before = fingerprintOf(file.fd);
  const verified = file.signature === undefined ? undefined : await verify(file.fd, file.signature, ctx);
  if (verified === undefined) return (await ctx.store.importAci(path)).id;
  const held = new Set(ctx.store.list().map(({ id }) => id));
  const image = await ctx.store.importAci(path);
  if (image.manifest.name === verified && fingerprintOf(file.fd) === before) return image.id;
  if (!held.has(image.id)) ctx.store.remove(image.id);
  throw new ImageError('file-changed', `${file.path} is not what was verified: it changed meanwhile`);
}

async function verify(fd: number, signature: Buffer, ctx: ImageContext): Promise<AcIdentifier> {
  const { verifyFile } = await import('./confined/verify-file.ts');
  const { name, signer } = await verifyFile(fd, signature, ctx).catch((error: unknown) => {
    if (error instanceof ImageError && error.code === 'unknown-signer') {
      ctx.report.info('image: If you expected the signing key to change, try running:');
      ctx.report.info('image:     rkt trust --prefix <image>');
    }
    throw error;
  });
  ctx.report.info(['image: signature verified:', ...signer.identities.map((identity) => `  ${identity}`)].join('\n'));
  return name;
}

/** Changes with the file's content: ctime cannot be set by its owner. */
function fingerprintOf(fd: number): string {
  const { ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
  return `${ino} ${size} ${ctimeNs}`;
}
