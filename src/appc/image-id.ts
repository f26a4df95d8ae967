import { quoted } from '#errors';
import { AppcError } from './error.ts';
import type { ImageId } from './types.ts';

const FULL = /^sha512-(?:[0-9a-f]{64}|[0-9a-f]{128})$/;
const LENGTH = 'sha512-'.length + 64;

/** Accepts the 64 hex digits rkt names images by, or all 128 of the hash, of which it keeps the first 64. */
export function parseImageId(text: string): ImageId {
  if (FULL.test(text)) return text.slice(0, LENGTH) as ImageId;
  throw new AppcError('bad-image-id', `${quoted(text)} is not an image ID`, {
    hint: 'an image ID is sha512- and 64 lower case hexadecimal digits, as "rkt image list --full" shows it',
  });
}
