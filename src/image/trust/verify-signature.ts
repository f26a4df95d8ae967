import type { AcIdentifier } from '#appc';
import { printable } from '../printable.ts';
import { dockerImageName } from './docker-image-name.ts';
import { claimOf, type FoundSignature, signedBytesOf } from './found-signature.ts';
import type { KeyFile } from './key-files.ts';
import type { Keystore } from './keystore.ts';
import { isSignedBy, parsePemKeys } from './pem-key.ts';
import { parseIdentity } from './sigstore-identity.ts';

/** A signature that is good, and by whom. */
export interface GoodSignature {
  readonly key: KeyFile;
  /** Who that is, for people: an identity and its issuer, or the algorithm of the key. */
  readonly signer: string;
  /** Which of the image's digests was signed. */
  readonly digest: string;
}

export interface ImageClaim {
  /** The image's name, which keys are trusted for. */
  readonly name: AcIdentifier;
  /** The digests a signature may be over: of the manifest, or of the index it was found by. */
  readonly digests: readonly string[];
  /** Skips what takes long and was done when the image was fetched: who issued a certificate, when and to whom. */
  readonly quick?: boolean;
}

/**
 * Judges a signature by the keys that are trusted for an image's name. No input but its arguments and the
 * keystore, which is read.
 *
 * A signature that names the repository it is for counts only where its key is trusted for that name too: else
 * whoever may write to one repository could offer there what was signed for another.
 *
 * @throws Error with the reason why it is not good: `it is by none of the trusted keys`, say
 */
export async function verifySignature(
  found: FoundSignature,
  image: ImageClaim,
  keystore: Pick<Keystore, 'keysFor'>,
): Promise<GoodSignature> {
  const { key, signer } = await findSigner(found, [...keystore.keysFor(image.name).values()], image.quick === true);
  const { digests, reference } = claimOf(found);
  const digest = digests.find((signed) => image.digests.includes(signed));
  if (digest === undefined) throw new Error(`it is over something else: ${printable(digests.join(', '))}`);
  if (reference !== undefined && !keystore.keysFor(dockerImageName(reference)).has(key.fileName)) {
    const signedName = dockerImageName(reference);
    throw new Error(`it is for "${signedName}", and its key ${key.fingerprint} is trusted for "${image.name}" only`);
  }
  return { key, signer, digest };
}

async function findSigner(
  found: FoundSignature,
  keys: readonly KeyFile[],
  quick: boolean,
): Promise<Pick<GoodSignature, 'key' | 'signer'>> {
  const { bytes, signature } = signedBytesOf(found);
  for (const key of keys.filter(({ kind }) => kind === 'cosign')) {
    const pem = loadPem(key);
    if (isSignedBy(pem.key, bytes, signature)) return { key, signer: pem.algorithm };
  }
  const reasons: string[] = [];
  for (const key of keys.filter(({ kind }) => kind === 'sigstore')) {
    try {
      const identity = parseIdentity(key.text, key.path);
      const { isSignedByCertificate, verifyKeyless } = await import('./verify-keyless.ts');
      if (!quick) await verifyKeyless(found, identity, key.path);
      else if (!isSignedByCertificate(found)) throw new Error('it does not fit its certificate');
      return { key, signer: `${identity.identity} (${identity.issuer})` };
    } catch (error) {
      reasons.push(printable((error as Error).message));
    }
  }
  if (reasons.length > 0) throw new Error(`by identity: ${[...new Set(reasons)].join('; ')}`);
  throw new Error('it is by none of the trusted keys');
}

function loadPem(file: KeyFile): ReturnType<typeof parsePemKeys>[number] {
  const [pem] = parsePemKeys(Buffer.from(file.text), file.path);
  if (pem!.fingerprint === file.fingerprint) return pem!;
  throw new Error(`fingerprint mismatch: "${file.path}" holds key "${pem!.fingerprint}"`);
}
