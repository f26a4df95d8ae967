import { messageOf } from '#errors';
import type { KeyEntry, Keystore } from './keystore.ts';

/** Who may sign what. */
export interface TrustedSigner extends Omit<KeyEntry, 'text'> {
  /** Who that is: the owner as an OpenPGP key says, the kind of a public key, an identity and its issuer. */
  readonly signer: string;
}

/** Everything in the keystore, for people. A file that cannot be read is listed with the reason. */
export async function listTrusted(keystore: Pick<Keystore, 'list'>): Promise<TrustedSigner[]> {
  return Promise.all(
    keystore.list().map(async ({ text, ...entry }) => {
      const signer = text === '' ? '' : await signerOf({ ...entry, text }).catch((error) => `(${messageOf(error)})`);
      return { ...entry, signer };
    }),
  );
}

async function signerOf({ kind, path, text }: KeyEntry): Promise<string> {
  switch (kind) {
    case 'pgp': {
      const { parsePublicKeys } = await import('./pgp-key.ts');
      const keys = await parsePublicKeys(Buffer.from(text), path);
      return keys.flatMap(({ identities }) => identities).join(', ');
    }
    case 'cosign': {
      const { parsePemKeys } = await import('./pem-key.ts');
      return parsePemKeys(Buffer.from(text), path)[0]!.algorithm;
    }
    case 'sigstore': {
      const { parseIdentity } = await import('./sigstore-identity.ts');
      const { identity, issuer } = parseIdentity(text, path);
      return `${identity} (${issuer})`;
    }
  }
}
