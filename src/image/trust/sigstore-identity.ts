import { createHash } from 'node:crypto';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import { keyFileName } from './key-files.ts';

/** Who may sign with a short-lived certificate, and by which authorities and logs that is proved. */
export interface SigstoreIdentity {
  /** The subject alternative name, to the letter: a mail address, or the URI of a workflow. */
  readonly identity: string;
  /** Who vouched for the identity, an OpenID Connect issuer. */
  readonly issuer: string;
  /** The document trusted_root.json (application/vnd.dev.sigstore.trustedroot+json). */
  readonly trustedRoot: unknown;
}

const KIND = 'sigstoreIdentity';

/** Of identity and issuer alone: a newer trusted root takes the older one's place. */
export function identityFingerprint({ identity, issuer }: Pick<SigstoreIdentity, 'identity' | 'issuer'>): string {
  return createHash('sha256').update(JSON.stringify([identity, issuer])).digest('hex');
}

export function identityFileName(identity: SigstoreIdentity): string {
  return keyFileName('sigstore', identityFingerprint(identity));
}

export function renderIdentity({ identity, issuer, trustedRoot }: SigstoreIdentity): string {
  return `${JSON.stringify({ rktKind: KIND, rktVersion: 'v1', identity, issuer, trustedRoot })}\n`;
}

/** A file of the keystore; `what` is its path. @throws {ImageError} bad-key */
export function parseIdentity(text: string, what: string): SigstoreIdentity {
  const { rktKind, rktVersion, identity, issuer, trustedRoot } = parseObject(text, what);
  if (rktKind !== KIND || rktVersion !== 'v1' || typeof identity !== 'string' || typeof issuer !== 'string') {
    throw new ImageError('bad-key', `${what} is no sigstore identity`);
  }
  if (!what.includes(identityFingerprint({ identity, issuer }))) {
    throw new ImageError('bad-key', `fingerprint mismatch: "${what}" holds the identity "${identity}"`);
  }
  return { identity, issuer, trustedRoot };
}

/** Checks what a person gives before it is trusted. @throws {ImageError} bad-key */
export async function makeIdentity(request: {
  readonly root: Buffer;
  readonly identity: string;
  readonly issuer: string;
  /** For messages. */
  readonly what: string;
}): Promise<SigstoreIdentity> {
  const { identity, issuer, root, what } = request;
  if (identity === '' || issuer === '') throw new ImageError('bad-key', 'a sigstore identity needs --identity and --issuer');
  if (!URL.canParse(issuer)) throw new ImageError('bad-key', `the issuer "${issuer}" is no URL`);
  const trustedRoot = parseObject(root.toString(), what);
  const { readTrustedRoot } = await import('./verify-keyless.ts');
  await readTrustedRoot(trustedRoot, what);
  return { identity, issuer, trustedRoot };
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new ImageError('bad-key', `${what} is not JSON: ${messageOf(cause)}`, { cause });
  }
  throw new ImageError('bad-key', `${what} is no JSON object`);
}
