import type { Config, Key } from 'openpgp';
import { ImageError } from '../image-error.ts';
import { printable } from '../printable.ts';

export interface PublicKeyInfo {
  readonly fingerprint: string;
  readonly subkeys: readonly string[];
  /** `Name <mail>`; who says to own the key, which nothing proves. */
  readonly identities: readonly string[];
  readonly armored: string;
}

/** The public keys of an armored text or a binary key ring. @throws {ImageError} bad-key */
export async function parsePublicKeys(bytes: Buffer, what: string): Promise<PublicKeyInfo[]> {
  const keys = await readKeys(bytes, what);
  if (keys.length === 0) throw new ImageError('bad-key', `${what} holds no key`);
  if (keys.some((key) => key.isPrivate())) {
    throw new ImageError('bad-key', `${what} holds a private key`, { hint: 'export the public key: gpg --export --armor' });
  }
  return keys.map((key) => ({
    fingerprint: key.getFingerprint(),
    subkeys: key.getSubkeys().map((subkey) => subkey.getFingerprint()),
    identities: key.getUserIDs().map(printable),
    armored: key.armor(),
  }));
}

export async function readKeys(bytes: Buffer, what: string): Promise<Key[]> {
  const { readKeys: read } = await import('openpgp');
  try {
    const armored = bytes.includes('-----BEGIN PGP');
    return armored
      ? await read({ armoredKeys: bytes.toString() })
      : await read({ binaryKeys: new Uint8Array(bytes) });
  } catch (cause) {
    throw new ImageError('bad-key', `error reading key ${what}: it is no OpenPGP key`, { cause, hint: 'a key is a file as gpg --export --armor makes it, or a public key in PEM' });
  }
}

/** What openpgp refuses: by itself all that is weak today; with `allowLegacy` only what was broken long ago. */
export async function strengthOf(allowLegacy: boolean): Promise<Config> {
  const { config, enums } = await import('openpgp');
  if (!allowLegacy) return config;
  return {
    ...config,
    rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd]),
    rejectMessageHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd]),
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
    minRSABits: 1024,
  };
}

/**
 * A signature is judged by its own date; a key that is gone by now must not vouch for anything new or old.
 *
 * @throws where the key is expired, revoked or too weak
 */
export async function checkKeyToday(key: Key, keyID: KeyID | undefined, config: Config): Promise<void> {
  await key.verifyPrimaryKey(undefined, undefined, config);
  await key.getSigningKey(keyID, undefined, undefined, config);
}
type KeyID = ReturnType<Key['getKeyID']>;

/** A fingerprint as gpg shows it: groups of four, a wider gap in the middle. */
export function renderFingerprint(fingerprint: string): string {
  const groups = fingerprint.toUpperCase().match(/.{1,4}/g) ?? [];
  const middle = groups.length / 2;
  return `${groups.slice(0, middle).join(' ')}  ${groups.slice(middle).join(' ')}`;
}
