import { quoted } from '#errors';
import { AppcError } from './error.ts';

/** The version of the appc specification this room follows. */
export const AC_VERSION = '0.8.11';

const DOTTED_TRI = /^(\d{1,18})\.(\d{1,18})\.(\d{1,18})(?:-([^+]*))?(?:\+(.*))?$/s;

/** A semantic version in its plain form, as an `acVersion` is written: leading zeros and empty parts go. */
export function parseAcVersion(text: string): string {
  const match = DOTTED_TRI.exec(text);
  if (match === null) throw new AppcError('bad-manifest', `SemVer is bad: ${quoted(text)}`);
  const [, major = '', minor = '', patch = '', preRelease = '', metadata = ''] = match;
  const numbers = [major, minor, patch].map((digits) => BigInt(digits).toString()).join('.');
  const version = numbers + (preRelease && `-${preRelease}`) + (metadata && `+${metadata}`);
  if (version === '0.0.0') throw new AppcError('bad-manifest', 'SemVer cannot be zero');
  return version;
}
