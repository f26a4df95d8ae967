import { createHash, X509Certificate } from 'node:crypto';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import type { SigstoreIdentity } from './sigstore-identity.ts';
import { type FoundSignature, signedBytesOf } from './found-signature.ts';
import { isSignedBy } from './pem-key.ts';

/**
 * Checks a keyless signature without asking anybody: the certificate was issued by an authority of the trusted
 * root and logged, a log or a timestamp authority of it says that the signature was made while the certificate
 * was valid, and the certificate is for the trusted identity.
 *
 * @throws where any of that is not so, with the reason
 */
export async function verifyKeyless(found: FoundSignature, trusted: SigstoreIdentity, what: string): Promise<void> {
  const [{ bundleFromJSON }, { toSignedEntity, toTrustMaterial, Verifier }] = await Promise.all([
    import('@sigstore/bundle'),
    import('@sigstore/verify'),
  ]);
  const bundle = bundleFromJSON(found.bundle ?? bundleOfAnnotations(found));
  if (bundle.verificationMaterial.content.$case === 'publicKey') throw new Error('it is by a key, not by an identity');
  const root = await readTrustedRoot(trusted.trustedRoot, what);
  const verifier = new Verifier(toTrustMaterial(root), { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
  const { identity } = verifier.verify(toSignedEntity(bundle, found.artifact));
  // Compared here: the library takes the name for a pattern that may match anywhere.
  const name = identity?.subjectAlternativeName;
  const issuer = identity?.extensions?.issuer;
  if (name === trusted.identity && issuer === trusted.issuer) return;
  throw new Error(`it is by ${JSON.stringify(name ?? '')} of ${JSON.stringify(issuer ?? '')}`);
}

/** Whether a signature is by the key in its certificate, whoever issued that. Takes a millisecond. */
export function isSignedByCertificate(found: FoundSignature): boolean {
  const { verificationMaterial } = (found.bundle ?? bundleOfAnnotations(found)) as {
    verificationMaterial?: {
      certificate?: { rawBytes: string };
      x509CertificateChain?: { certificates: readonly { rawBytes: string }[] };
    };
  };
  const { certificate, x509CertificateChain } = verificationMaterial ?? {};
  const der = (certificate ?? x509CertificateChain?.certificates[0])?.rawBytes;
  if (der === undefined) return false;
  const { bytes, signature } = signedBytesOf(found);
  return isSignedBy(new X509Certificate(Buffer.from(der, 'base64')).publicKey, bytes, signature);
}

/** The document of `trusted_root.json`. @throws {ImageError} bad-key */
export async function readTrustedRoot(document: unknown, what: string) {
  const [{ TrustedRoot }, { toTrustMaterial }] = await Promise.all([
    import('@sigstore/protobuf-specs'),
    import('@sigstore/verify'),
  ]);
  try {
    const root = TrustedRoot.fromJSON(document);
    const { certificateAuthorities, tlogs } = toTrustMaterial(root);
    if (certificateAuthorities.length > 0 && tlogs.length > 0) return root;
  } catch (cause) {
    throw new ImageError('bad-key', `${what} is no trusted root of a sigstore: ${messageOf(cause)}`, { cause });
  }
  throw new ImageError('bad-key', `${what} is no trusted root of a sigstore: it names no authority or no log`);
}

/** What cosign's annotations say (certificate and Rekor's answer), as the bundle that says the same. */
function bundleOfAnnotations({ annotations = {}, artifact, signature }: FoundSignature): object {
  const certificate = annotations['dev.sigstore.cosign/certificate'];
  const log = annotations['dev.sigstore.cosign/bundle'];
  if (certificate === undefined) throw new Error('it has no certificate');
  if (log === undefined) throw new Error('it has no entry of a transparency log');
  const messageDigest = { algorithm: 'SHA2_256', digest: createHash('sha256').update(artifact!).digest('base64') };
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: pemBody(certificate) }] },
      tlogEntries: [logEntry(log)],
    },
    messageSignature: { messageDigest, signature: signature!.toString('base64') },
  };
}

function logEntry(text: string): object {
  const { SignedEntryTimestamp, Payload } = JSON.parse(text) as {
    SignedEntryTimestamp: string;
    Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
  };
  const { apiVersion, kind } = JSON.parse(Buffer.from(Payload.body, 'base64').toString()) as Record<string, string>;
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

function pemBody(text: string): string {
  const body = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/.exec(text)?.[1];
  if (body === undefined) throw new Error('its certificate is not PEM');
  return body.replace(/\s/g, '');
}
