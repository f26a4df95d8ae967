import type { SignatureView } from '#stage0';

/** Who signed, by which key, when that was verified, and over what: on one line, without tabs. */
export function signatureText({ fingerprint, kind, over, signer, time }: SignatureView): string {
  return `${kind}:${fingerprint} ${signer} at ${time} over ${over}`.replaceAll('\t', ' ');
}
