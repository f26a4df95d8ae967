import { quoted } from '#errors';
import { OciError } from './error.ts';

/** `sha256:` and 64 lower case hex digits, or `sha512:` and 128: image-spec, descriptor.md, digests. */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly __brand: 'Digest' };
export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Throws `bad-digest`. */
export function parseDigest(text: string): Digest {
  if (DIGEST.test(text)) return text as Digest;
  const algorithm = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):/.exec(text)?.[1];
  if (algorithm !== undefined && algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new OciError('bad-digest', `digest ${quoted(text)} is of the kind ${quoted(algorithm)}, which is not supported`, {
      hint: 'supported are sha256 and sha512',
    });
  }
  throw new OciError('bad-digest', `${quoted(text)} is not a digest`, {
    hint: 'a digest is sha256: and 64 lower case hexadecimal digits, or sha512: and 128',
  });
}

/** `sha256` of `sha256:ab…`. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, 6) as DigestAlgorithm;
}

/** `ab…` of `sha256:ab…`. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}
