import type { AcIdentifier, ImageId } from '#appc';
import { messageOf } from '#errors';
import type { Store, StoredImage } from '#store';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import type { Evidence, SignatureRecord } from './evidence.ts';
import type { Keystore } from './keystore.ts';

/** What judging needs. Nothing is written, and nobody is asked. */
export type EvidenceContext = Pick<ImageContext, 'config' | 'insecure' | 'keystore'> & {
  readonly store: Pick<Store, 'get' | 'readEvidence' | 'readManifestText' | 'imagesBelow' | 'checkLayers'>;
};

export interface EvidenceOptions {
  /** Also checks again who issued certificates and when, which takes tens of milliseconds. */
  readonly thorough?: boolean;
}

/**
 * Whether an image of the store, and all that it depends on, may run: that what was found when it was fetched still
 * holds. Only `unverified` where an image was fetched without verification, or verification is off.
 *
 * Proved each time: the evidence is of this image and of the manifest that the store has; a signer's key is trusted for
 * its name today; and, for cosign's keys and sigstore bundles, that the signature is over that manifest. For OpenPGP
 * the signed file is not read again: the image ID stands for it.
 *
 * @throws {ImageError} no-longer-trusted, evidence-mismatch; not-verified where the configuration requires evidence
 */
export async function checkEvidence(
  id: ImageId,
  ctx: EvidenceContext,
  options: EvidenceOptions = {},
): Promise<'signed' | 'unverified'> {
  if (ctx.insecure.image) return 'unverified';
  const standings = await Promise.all(ctx.store.imagesBelow(id).map((each) => checkOne(each, ctx, options)));
  return standings.includes('unverified') ? 'unverified' : 'signed';
}

async function checkOne(id: ImageId, ctx: EvidenceContext, options: EvidenceOptions): Promise<'signed' | 'unverified'> {
  const image = ctx.store.get(id)!;
  const text = ctx.store.readEvidence(id);
  try {
    const evidence = text === undefined ? undefined : (await import('./evidence.ts')).parseEvidence(text);
    if (evidence?.verified === 'signed') {
      await checkSigned(image, evidence, ctx, options);
      return 'signed';
    }
  } catch (error) {
    throw describe(image, error);
  }
  if (ctx.config.trust.requireEvidence) throw unverified(image);
  return 'unverified';
}

async function checkSigned(image: StoredImage, evidence: Evidence, ctx: EvidenceContext, options: EvidenceOptions): Promise<void> {
  const { matchEvidence } = await import('./match-evidence.ts');
  ctx.store.checkLayers(image.id);
  matchEvidence(image, ctx.store.readManifestText(image.id), evidence);
  const problems: unknown[] = [];
  for (const record of evidence.signatures) {
    try {
      return await checkRecord(record, evidence, ctx, options);
    } catch (error) {
      problems.push(error);
    }
  }
  throw problems.find((error) => error instanceof ImageError && error.code === 'evidence-mismatch') ?? problems[0];
}

async function checkRecord(
  record: SignatureRecord,
  evidence: Evidence,
  ctx: EvidenceContext,
  options: EvidenceOptions,
): Promise<void> {
  const key = ctx.keystore.keysFor(evidence.name).get(record.keyFile);
  if (key === undefined) throw lostTrust(record, evidence.name, 'is no longer trusted');
  if (record.kind === 'pgp') {
    if ((await import('./write-evidence.ts')).textHash('sha256', key.text) === record.keyHash) return;
    return checkChangedKey(record, evidence.name, ctx);
  }
  const { recheckSignature } = await import('./match-evidence.ts');
  await recheckSignature(record, evidence, onlyKey(ctx.keystore, record.keyFile), options.thorough === true);
}

/** The file of the key is not the one that was used: it may say by now that the key is revoked. */
async function checkChangedKey(record: SignatureRecord, name: AcIdentifier, ctx: EvidenceContext): Promise<void> {
  const [{ checkKeyToday, strengthOf }, { loadKey }] = await Promise.all([import('./pgp-key.ts'), import('./verify-aci.ts')]);
  const key = await loadKey(ctx.keystore.keysFor(name).get(record.keyFile)!);
  try {
    await checkKeyToday(key, undefined, await strengthOf(ctx.config.trust.allowLegacyPgp));
  } catch (error) {
    throw lostTrust(record, name, `is no longer good: ${messageOf(error)}`);
  }
}

/** The keystore as if it had one key only: others may be trusted by now that have nothing to do with the signature. */
function onlyKey(keystore: Keystore, fileName: string): Pick<Keystore, 'keysFor'> {
  return {
    keysFor: (name) => new Map([...keystore.keysFor(name)].filter(([each]) => each === fileName)),
  };
}

function lostTrust({ fingerprint, kind, signer }: SignatureRecord, name: AcIdentifier, what: string): ImageError {
  const who = kind === 'sigstore' ? `the identity ${signer}` : `the key ${fingerprint}`;
  return new ImageError('no-longer-trusted', `${who}, by which it was verified, ${what} for "${name}"`);
}

function describe(image: StoredImage, cause: unknown): unknown {
  if (!(cause instanceof ImageError)) return cause;
  const what = `image "${image.manifest.name}" (${image.id}) may not run`;
  const hint =
    cause.code === 'evidence-mismatch'
      ? `remove the image and fetch it again: rkt image rm ${image.id}`
      : `trust the key again (rkt trust --prefix "${image.manifest.name}" PUBKEY) or fetch the image signed by another; --insecure-options=image runs it all the same`;
  const message = cause.code === 'evidence-mismatch' ? `${what}: its evidence does not match: ${cause.message}` : `${what}: ${cause.message}`;
  return new ImageError(cause.code, message, { hint, cause });
}

function unverified(image: StoredImage): ImageError {
  return new ImageError('not-verified', `image "${image.manifest.name}" (${image.id}) was never verified, and the configuration requires it`, {
    hint: 'fetch it again without --insecure-options=image; with it the image runs all the same',
  });
}
