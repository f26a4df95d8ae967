import type { Key, Signature } from 'openpgp';
import type { AcIdentifier } from '#appc';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import type { KeyFile } from './key-files.ts';
import type { Keystore } from './keystore.ts';
import { openBytes } from './open-bytes.ts';
import { printable, readKeys } from './pgp-key.ts';

/** RFC 9580 5.2.1.1. */
const BINARY_SIGNATURE = 0;

export interface Signer {
  readonly fingerprint: string;
  readonly identities: readonly string[];
}

/**
 * Verifies a file against a detached OpenPGP signature by a key trusted for the image's name. The key
 * must be good today: neither expired nor revoked. The file is streamed.
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
): Promise<Signer> {
  const parsed = await parseSignature(signature);
  const keys = await Promise.all([...keystore.keysFor(name).values()].map(loadKey));
  if (!parsed.getSigningKeyIDs().some((id) => keys.some((key) => key.getKeys(id).length > 0))) throw unknownSigner(name);
  return checkSignatures(file, parsed, keys, name);
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

async function loadKey(file: KeyFile): Promise<Key> {
  const [key] = await readKeys(Buffer.from(file.armored), file.path);
  if (key === undefined) throw new ImageError('bad-key', `${file.path} holds no key`);
  if (key.getFingerprint() !== file.fingerprint) {
    throw new ImageError('bad-key', `fingerprint mismatch: "${file.path}" holds key "${key.getFingerprint()}"`);
  }
  return key;
}

async function checkSignatures(file: string | number, signature: Signature, keys: Key[], name: AcIdentifier): Promise<Signer> {
  const [openpgp, { Readable }] = await Promise.all([import('openpgp'), import('node:stream')]);
  const binary = Readable.toWeb(openBytes(file)) as never;
  const message = await openpgp.createMessage({ binary });
  const result = await openpgp.verify({ message, signature, verificationKeys: keys, format: 'binary' });
  await drain(result.data as unknown as ReadableStream<Uint8Array>);
  const failures: unknown[] = [];
  for (const { keyID, verified } of result.signatures) {
    const key = keys.find((candidate) => candidate.getKeys(keyID).length > 0);
    if (key === undefined) continue;
    try {
      await verified;
      await checkKeyToday(key, keyID);
      return { fingerprint: key.getFingerprint(), identities: key.getUserIDs().map(printable) };
    } catch (error) {
      failures.push(error);
    }
  }
  const [cause] = failures;
  if (cause === undefined) throw unknownSigner(name);
  throw new ImageError('bad-signature', `openpgp: invalid signature: ${describe(cause)}`, { cause });
}

/** Draws the file through the hashes. openpgp replaces the stream's methods, but not its iterator. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

/** A signature is judged by its own date; a key that is gone by now must not vouch for anything new or old. */
async function checkKeyToday(key: Key, keyID: ReturnType<Key['getKeyID']>): Promise<void> {
  await key.verifyPrimaryKey();
  await key.getSigningKey(keyID);
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
