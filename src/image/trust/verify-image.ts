import type { AcIdentifier } from '#appc';
import { messageOf } from '#errors';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { printable } from '../printable.ts';
import { asRecordFields, type SignatureRecord } from './evidence.ts';
import { findSignatures, type ManifestBytes, type SignatureStore } from './find-signatures.ts';
import type { FoundSignature } from './found-signature.ts';
import type { Keystore } from './keystore.ts';
import { verifySignature } from './verify-signature.ts';
import { textHash, type Verified } from './write-evidence.ts';

/** What was asked for, and what there is. */
export interface SignedImage {
  readonly name: AcIdentifier;
  /** The manifest, and before it the indexes that led there. */
  readonly path: readonly ManifestBytes[];
}

/** The context that judging needs: it may be a process that holds no store. */
export type VerifyContext = Pick<ImageContext, 'report'> & { readonly keystore: Pick<Keystore, 'keysFor'> };

/**
 * Proves by the signatures beside an image that a trusted key vouches for it. Whoever signed the index that
 * was asked for, or the manifest for this machine, is taken at their word.
 *
 * @throws {ImageError} no-signature, unknown-signer, bad-signature; each says what was found
 */
export async function verifyImage(store: SignatureStore, image: SignedImage, ctx: VerifyContext): Promise<Verified> {
  const [asked, own] = [image.path[0]!, image.path.at(-1)!];
  const problems: string[] = [];
  for (const manifest of new Set([asked, own])) {
    const signatures = await goodSignatures(store, manifest, image.name, problems, ctx);
    if (signatures.length === 0) continue;
    for (const problem of problems) ctx.report.debug(`image: ignoring a signature that is not good: ${problem}`);
    const signers = signatures.map(({ signer, fingerprint }) => `  ${signer} ${fingerprint}`);
    ctx.report.info(['image: signature verified:', ...signers].join('\n'));
    const indexes = image.path.slice(0, -1).map(({ bytes }) => bytes.toString('base64'));
    return { signatures, docker: { manifest: own.digest, indexes } };
  }
  throw refusal(asked, image.name, { problems, advice: store.advice }, ctx);
}

/** One for each signer. */
async function goodSignatures(
  store: SignatureStore,
  manifest: ManifestBytes,
  name: AcIdentifier,
  problems: string[],
  ctx: VerifyContext,
): Promise<SignatureRecord[]> {
  const good = new Map<string, SignatureRecord>();
  const note = (problem: string): void => void problems.push(problem);
  ctx.report.debug(`image: looking for signatures of ${manifest.digest}`);
  for await (const found of findSignatures(store, manifest, note)) {
    try {
      const record = await judge(found, manifest, name, ctx);
      if (!good.has(record.keyFile)) good.set(record.keyFile, record);
    } catch (error) {
      note(`${found.where}: ${printable(messageOf(error))}`);
    }
  }
  return [...good.values()];
}

async function judge(
  found: FoundSignature,
  manifest: ManifestBytes,
  name: AcIdentifier,
  ctx: VerifyContext,
): Promise<SignatureRecord> {
  const { digest, key, signer } = await verifySignature(found, { name, digests: [manifest.digest] }, ctx.keystore);
  const { fileName, fingerprint, kind, text } = key;
  const keyHash = textHash('sha256', text);
  return { kind, fingerprint, keyFile: fileName, keyHash, signer, over: digest, ...asRecordFields(found) };
}

const SHOWN_PROBLEMS = 3;

function refusal(
  asked: ManifestBytes,
  name: AcIdentifier,
  { problems, advice }: { readonly problems: readonly string[]; readonly advice: string },
  ctx: VerifyContext,
): ImageError {
  const what = `image "${name}" (${asked.digest})`;
  const without = '--insecure-options=image goes without';
  if (problems.length === 0) {
    return new ImageError('no-signature', `${what} has no signature`, { hint: `${advice}; ${without}` });
  }
  const found = `${problems.length} ${problems.length === 1 ? 'signature' : 'signatures'}`;
  const trusted = [...ctx.keystore.keysFor(name).values()].some(({ kind }) => kind !== 'pgp');
  const hint = `if you know who signed it, run: rkt trust --prefix "${name}" PUBKEY; ${without}`;
  if (!trusted) {
    return new ImageError('unknown-signer', `${what} has ${found}, and no cosign key or identity is trusted for that name`, { hint });
  }
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `\n  ${problem}`).join('');
  const text = `${what} has ${found}, and none is good:${shown}${problems.length > SHOWN_PROBLEMS ? '\n  …' : ''}`;
  const code = problems.every((problem) => problem.includes('none of the trusted keys')) ? 'unknown-signer' : 'bad-signature';
  return new ImageError(code, text, { hint });
}
