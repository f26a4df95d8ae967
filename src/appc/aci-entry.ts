import { quoted } from '#errors';
import { AppcError } from './error.ts';

/** What a name in an ACI stands for; `path` is relative to the rootfs, without `.` and doubled slashes, '' for the rootfs itself. */
export type AciEntry =
  | { readonly kind: 'top' }
  | { readonly kind: 'manifest' }
  | { readonly kind: 'rootfs'; readonly path: string };

/**
 * An ACI holds `manifest` and what is below `rootfs/`, and nothing else: appc spec, aci.md, image layout.
 *
 * A leading `./` is fine. Throws `bad-archive` for every other name, for absolute ones, and for `..` anywhere.
 */
export function checkAciEntry(name: string): AciEntry {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || name.includes('\0') || parts.includes('..')) throw unrecognized(name);
  const [first, ...rest] = parts;
  if (first === undefined && name !== '') return { kind: 'top' };
  if (first === 'manifest' && rest.length === 0 && !name.endsWith('/')) return { kind: 'manifest' };
  if (first === 'rootfs') return { kind: 'rootfs', path: rest.join('/') };
  throw unrecognized(name);
}

function unrecognized(name: string): AppcError {
  return new AppcError('bad-archive', `unrecognized file path in layout: ${quoted(name)}`);
}
