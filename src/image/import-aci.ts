import { fstatSync } from 'node:fs';
import type { AcIdentifier, ImageId } from '#appc';
import { checkExpected, type Expected } from './aci-place.ts';
import type { ImageContext } from './context.ts';
import { ImageError } from './image-error.ts';
import { readAciManifest } from './trust/aci-name.ts';
import { verifyAci } from './trust/verify-aci.ts';

export interface AciFile {
  /** Open for reading; the same file is verified and imported, whatever becomes of its name. */
  readonly fd: number;
  /** For messages. */
  readonly path: string;
  /** Undefined where none is needed. */
  readonly signature: Buffer | undefined;
  /** What the image must be; left out where that is whatever the file holds. */
  readonly expected?: Expected | undefined;
}

/** Verifies an ACI where it must be, and takes it into the store. What is refused is not in the store. */
export async function importVerified(file: AciFile, ctx: ImageContext): Promise<ImageId> {
  // The decompressors of the store are other processes, for which /proc/self would be their own.
  const path = `/proc/${process.pid}/fd/${file.fd}`;
  const before = fingerprintOf(file.fd);
  const verified = await verify(path, file, ctx);
  if (verified === undefined) return (await ctx.store.importAci(path)).id;
  const held = new Set(ctx.store.list().map(({ id }) => id));
  const image = await ctx.store.importAci(path);
  if (image.manifest.name === verified && fingerprintOf(file.fd) === before) return image.id;
  if (!held.has(image.id)) ctx.store.remove(image.id);
  throw new ImageError('file-changed', `${file.path} is not what was verified: it changed meanwhile`);
}

/** The name of the image where anything of it had to be checked. */
async function verify(path: string, file: AciFile, ctx: ImageContext): Promise<AcIdentifier | undefined> {
  const { signature, expected } = file;
  if (signature === undefined && expected === undefined) return undefined;
  const manifest = await readAciManifest(path);
  checkExpected(manifest, expected);
  if (signature !== undefined) await verifySignature(path, signature, manifest.name, ctx);
  return manifest.name;
}

async function verifySignature(path: string, signature: Buffer, name: AcIdentifier, ctx: ImageContext): Promise<void> {
  const signer = await verifyAci(path, signature, name, ctx.keystore).catch((error) => {
    if (error instanceof ImageError && error.code === 'unknown-signer') {
      ctx.report.info('image: If you expected the signing key to change, try running:');
      ctx.report.info('image:     rkt trust --prefix <image>');
    }
    throw error;
  });
  ctx.report.info(['image: signature verified:', ...signer.identities.map((identity) => `  ${identity}`)].join('\n'));
}

/** Changes with the file's content: ctime cannot be set by its owner. */
function fingerprintOf(fd: number): string {
  const { ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
  return `${ino} ${size} ${ctimeNs}`;
}
