import { createHash } from 'node:crypto';
import { printable } from '../printable.ts';
import { parsePublicKeys, renderFingerprint } from './pgp-key.ts';
import { looksLikePem, parsePemKeys } from './pem-key.ts';
import { identityFileName, identityFingerprint, makeIdentity, renderIdentity } from './sigstore-identity.ts';

/** What a person is asked to trust. */
export interface TrustCandidate {
  readonly fingerprint: string;
  /** Of the file in the keystore. */
  readonly fileName: string;
  readonly text: string;
  /** Lines that tell what it is. */
  readonly description: readonly string[];
}

/** The OpenPGP keys or the PEM public keys of a file. @throws {ImageError} bad-key */
export async function readKeyCandidates(bytes: Buffer, what: string): Promise<TrustCandidate[]> {
  if (looksLikePem(bytes)) {
    return parsePemKeys(bytes, what).map(({ algorithm, fileName, fingerprint, pem }) => ({
      fingerprint,
      fileName,
      text: pem,
      description: [`cosign key fingerprint is: ${renderFingerprint(fingerprint)}`, `\t${algorithm}`],
    }));
  }
  return (await parsePublicKeys(bytes, what)).map(({ armored, fingerprint, identities, subkeys }) => ({
    fingerprint,
    fileName: fingerprint,
    text: armored,
    description: [
      `gpg key fingerprint is: ${renderFingerprint(fingerprint)}`,
      ...subkeys.map((subkey) => `    Subkey fingerprint: ${renderFingerprint(subkey)}`),
      ...identities.map((identity) => `\t${identity}`),
    ],
  }));
}

/** @throws {ImageError} bad-key */
export async function readIdentity(
  root: Buffer,
  request: { readonly root: string; readonly identity: string; readonly issuer: string },
): Promise<TrustCandidate> {
  const identity = await makeIdentity({ ...request, root, what: request.root });
  const rootHash = createHash('sha256').update(root).digest('hex');
  return {
    fingerprint: identityFingerprint(identity),
    fileName: identityFileName(identity),
    text: renderIdentity(identity),
    description: [
      `sigstore identity is: ${printable(identity.identity)}`,
      `\tas vouched for by ${printable(identity.issuer)}`,
      `    Trusted root fingerprint: ${renderFingerprint(rootHash)}`,
    ],
  };
}
