import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import { keyFileName } from './key-files.ts';

/** A public key as `cosign generate-key-pair` or openssl writes it: PEM of a SubjectPublicKeyInfo. */
export interface PemKey {
  /** SHA-256 of the DER, lower case hex. */
  readonly fingerprint: string;
  readonly fileName: string;
  /** `ECDSA P-256`, `Ed25519`, `RSA 3072`. */
  readonly algorithm: string;
  readonly pem: string;
  readonly key: KeyObject;
}

const LEAST_RSA_BITS = 2048;
const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

export function looksLikePem(bytes: Buffer): boolean {
  return /-----BEGIN (?!PGP)[A-Z ]*KEY-----/.test(bytes.toString('latin1'));
}

/** @throws {ImageError} bad-key */
export function parsePemKeys(bytes: Buffer, what: string): PemKey[] {
  const text = bytes.toString('latin1');
  if (/PRIVATE KEY-----/.test(text)) {
    throw new ImageError('bad-key', `${what} holds a private key`, { hint: 'give the public key: cosign.pub' });
  }
  const keys = (text.match(PEM) ?? []).map((pem) => parsePem(pem, what));
  if (keys.length === 0) throw new ImageError('bad-key', `${what} holds no public key (BEGIN PUBLIC KEY)`);
  return keys;
}

function parsePem(text: string, what: string): PemKey {
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw new ImageError('bad-key', `error reading key ${what}: ${messageOf(cause)}`, { cause });
  }
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new ImageError('bad-key', `${what} holds a key that is neither ECDSA P-256 nor Ed25519 nor RSA of ${LEAST_RSA_BITS} bits or more`);
  }
  const fingerprint = createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex');
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  return { fingerprint, fileName: keyFileName('cosign', fingerprint), algorithm, pem, key };
}

function algorithmOf(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec': return namedCurve === 'prime256v1' ? 'ECDSA P-256' : undefined;
    case 'ed25519': return 'Ed25519';
    case 'rsa': return modulusLength >= LEAST_RSA_BITS ? `RSA ${modulusLength}` : undefined;
    default: return undefined;
  }
}

/** Whether a signature over bytes is of a key: with SHA-256, or as it is for Ed25519; RSA padded as PKCS #1 v1.5. */
export function isSignedBy(key: KeyObject, bytes: Buffer, signature: Buffer): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key, signature);
  } catch {
    return false;
  }
}
