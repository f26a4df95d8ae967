import type { Key, Signature } from 'openpgp';
import type { AcIdentifier } from '#appc';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import type { KeyFile } from './key-files.ts';
import type { Keystore } from './keystore.ts';
import { printable } from '../printable.ts';
import { openBytes } from './open-bytes.ts';
import { checkKeyToday, readKeys, strengthOf } from './pgp-key.ts';

/** RFC 9580 5.2.1.1. */
const BINARY_SIGNATURE = 0;

/** Whose signature it is: the key, and who its owner says to be. */
export interface Signer {
  readonly fingerprint: string;
  readonly identities: readonly string[];
}

export interface VerifiedAci {
  /** Those whose signature is good; at least one. */
  readonly signers: readonly Signer[];
  /** Why other signatures by trusted keys are not. */
  readonly problems: readonly string[];
}

/**
 * Verifies a file against a detached OpenPGP signature by a key trusted for the image's name. The key
 * must be good today: neither expired nor revoked. Of several signatures one must be good. The file is streamed.
 *
 * @param allowLegacy takes keys and signatures of old strength: DSA, SHA-1, short RSA
 *
 * @param file as it was signed (that is, compressed): its path, or a descriptor of it
 * @param signature armored or binary
 * @throws {ImageError} unknown-signer, bad-signature, bad-key
 */
export async function verifyAci(
  file: string | number,
  signature: Buffer,
  name: AcIdentifier,
  keystore: Pick<Keystore, 'keysFor'>,
  { allowLegacy = false }: { readonly allowLegacy?: boolean } = {},
): Promise<VerifiedAci> {
  const parsed = await parseSignature(signature);
  const keys = await Promise.all([...keystore.keysFor(name).values()].filter(({ kind }) => kind === 'pgp').map(loadKey));
  if (!parsed.getSigningKeyIDs().some((id) => keys.some((key) => key.getKeys(id).length > 0))) throw unknownSigner(name);
  return checkSignatures(file, parsed, keys, { name, allowLegacy });
}

async function parseSignature(bytes: Buffer): Promise<Signature> {
  const { readSignature } = await import('openpgp');
  let cause: unknown;
  try {
    const armored = bytes.includes('-----BEGIN PGP');
    const signature = armored
      ? await readSignature({ armoredSignature: bytes.toString() })
      : await readSignature({ binarySignature: new Uint8Array(bytes) });
    if (signature.packets.length > 0 && signature.packets.every(isOverBytes)) return signature;
  } catch (error) {
    cause = error;
  }
  throw new ImageError('bad-signature', 'keystore: no valid signatures found in signature file', { cause });
}

/** Of other kinds of signatures some cover nothing of the file, and those over text not every byte of it. */
function isOverBytes(packet: { signatureType?: number | null }): boolean {
  return packet.signatureType === BINARY_SIGNATURE;
}

/** @throws {ImageError} bad-key */
export async function loadKey(file: KeyFile): Promise<Key> {
  const [key] = await readKeys(Buffer.from(file.text), file.path);
  if (key === undefined) throw new ImageError('bad-key', `${file.path} holds no key`);
  if (key.getFingerprint() !== file.fingerprint) {
    throw new ImageError('bad-key', `fingerprint mismatch: "${file.path}" holds key "${key.getFingerprint()}"`);
  }
  return key;
}

async function checkSignatures(
  file: string | number,
  signature: Signature,
  keys: Key[],
  { name, allowLegacy }: { readonly name: AcIdentifier; readonly allowLegacy: boolean },
): Promise<VerifiedAci> {
  const [openpgp, { Readable }] = await Promise.all([import('openpgp'), import('node:stream')]);
  const config = await strengthOf(allowLegacy);
  const binary = Readable.toWeb(openBytes(file)) as never;
  const message = await openpgp.createMessage({ binary });
  const result = await openpgp.verify({ message, signature, verificationKeys: keys, format: 'binary', config });
  await drain(result.data as unknown as ReadableStream<Uint8Array>);
  const signers: Signer[] = [];
  const failures: unknown[] = [];
  for (const { keyID, verified } of result.signatures) {
    const key = keys.find((candidate) => candidate.getKeys(keyID).length > 0);
    if (key === undefined) continue;
    try {
      await verified;
      await checkKeyToday(key, keyID, config);
      signers.push({ fingerprint: key.getFingerprint(), identities: key.getUserIDs().map(printable) });
    } catch (error) {
      failures.push(error);
    }
  }
  if (signers.length > 0) return { signers, problems: failures.map(describe) };
  const [cause] = failures;
  if (cause === undefined) throw unknownSigner(name);
  throw new ImageError('bad-signature', `openpgp: invalid signature: ${describe(cause)}`, { cause });
}

/** Draws the file through the hashes. openpgp replaces the stream's methods, but not its iterator. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

function describe(cause: unknown): string {
  const text = messageOf(cause).replace(/^Error verifying signed message: /, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function unknownSigner(name: AcIdentifier): ImageError {
  return new ImageError('unknown-signer', 'openpgp: signature made by unknown entity', {
    hint: `if you expected the signing key to change, try running: rkt trust --prefix "${name}"`,
  });
}
