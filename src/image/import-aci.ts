import { fstatSync } from 'node:fs';
import type { AcIdentifier, ImageId, ImageManifest } from '#appc';
import { checkExpected, type Expected } from './aci-place.ts';
import type { ImageContext } from './context.ts';
import { ImageError } from './image-error.ts';
import { verifyFile } from './confined/verify-file.ts';
import type { Signer } from './trust/verify-aci.ts';
import { type SignatureRecord } from './trust/evidence.ts';
import { keyFileName } from './trust/key-files.ts';
import { textHash, writeEvidence } from './trust/write-evidence.ts';

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
  const verified = await verify(file, ctx);
  if (verified === undefined) {
    const { id } = await ctx.store.importAci(path);
    writeEvidence(ctx.store, id, undefined);
    return id;
  }
  const held = new Set(ctx.store.list().map(({ id }) => id));
  const image = await ctx.store.importAci(path);
  if (image.manifest.name === verified.name && fingerprintOf(file.fd) === before) {
    const signatures = verified.signatures.map((signature) => ({ ...signature, over: image.id }));
    writeEvidence(ctx.store, image.id, signatures.length === 0 ? undefined : { signatures });
    return image.id;
  }
  if (!held.has(image.id)) ctx.store.remove(image.id);
  throw new ImageError('file-changed', `${file.path} is not what was verified: it changed meanwhile`);
}

interface VerifiedFile {
  readonly name: AcIdentifier;
  /** Empty where none was needed. */
  readonly signatures: readonly Omit<SignatureRecord, 'over'>[];
}

/** Undefined where nothing of the image had to be checked. */
async function verify(file: AciFile, ctx: ImageContext): Promise<VerifiedFile | undefined> {
  const { fd, signature, expected } = file;
  if (signature === undefined && expected === undefined) return undefined;
  const check = (manifest: Pick<ImageManifest, 'name' | 'labels'>): void => checkExpected(manifest, expected);
  const { name, problems, signers } = await verifyFile(fd, signature, check, ctx).catch((error: unknown) => {
    if (error instanceof ImageError && error.code === 'unknown-signer') {
      ctx.report.info('image: If you expected the signing key to change, try running:');
      ctx.report.info('image:     rkt trust --prefix <image>');
    }
    throw error;
  });
  if (signature === undefined) return { name, signatures: [] };
  for (const problem of problems) ctx.report.debug(`image: ignoring a signature that is not good: ${problem}`);
  const identities = signers.flatMap((signer) => signer.identities);
  ctx.report.info(['image: signature verified:', ...identities.map((identity) => `  ${identity}`)].join('\n'));
  const keys = ctx.keystore.keysFor(name);
  return { name, signatures: signers.map((signer) => planRecord(signer, signature, keys)) };
}

function planRecord(
  { fingerprint, identities }: Signer,
  signature: Buffer,
  keys: ReturnType<ImageContext['keystore']['keysFor']>,
): Omit<SignatureRecord, 'over'> {
  const keyFile = keyFileName('pgp', fingerprint);
  const keyHash = textHash('sha256', keys.get(keyFile)?.text ?? '');
  return { kind: 'pgp', fingerprint, keyFile, keyHash, signer: identities.join(', '), signature: signature.toString('base64') };
}

/** Changes with the file's content: ctime cannot be set by its owner. */
function fingerprintOf(fd: number): string {
  const { ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
  return `${ino} ${size} ${ctimeNs}`;
}
