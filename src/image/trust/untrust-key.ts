import { parseAcIdentifier } from '#appc';
import { ImageError } from '../image-error.ts';
import type { KeyRemoval, Keystore } from './keystore.ts';

export interface UntrustRequest {
  /** As shown anywhere: spaces and capitals do not matter. */
  readonly fingerprint: string;
  /** Undefined: wherever it is trusted. */
  readonly only?: { readonly prefix: string } | 'root';
}

/**
 * Takes back the trust in a key: its local files go, and those of the system are masked. Empty where the key is not
 * trusted (any more).
 *
 * @throws {ImageError} bad-key for what is no fingerprint
 */
export function untrustKey({ fingerprint, only }: UntrustRequest, keystore: Pick<Keystore, 'remove'>): KeyRemoval[] {
  const plain = fingerprint.toLowerCase().replace(/^sha256:/, '').replaceAll(/\s/g, '');
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(plain)) {
    throw new ImageError('bad-key', `"${fingerprint}" is no fingerprint`, { hint: 'rkt trust --list shows them' });
  }
  return keystore.remove(plain, only === undefined || only === 'root' ? only : parseAcIdentifier(only.prefix));
}
