import { quoted, RktError } from '#errors';

const CODES = [
  'no-image',
  'image-id-too-short',
  'image-id-malformed',
  'image-id-ambiguous',
  'image-damaged',
  'hostile-archive',
  'archive-limit',
  'bad-manifest',
  'digest-mismatch',
  'size-mismatch',
  'missing-layer',
  'needs-root',
  'not-ours',
  'missing-dependency',
  'unsupported-compression',
  'tree-changed',
  'no-space',
  'unpack-failed',
  'pack-failed',
] as const;

export type StoreErrorCode = (typeof CODES)[number];

export function isStoreErrorCode(code: unknown): code is StoreErrorCode {
  return (CODES as readonly unknown[]).includes(code);
}

/** What can go wrong with what is held on disk. */
export class StoreError extends RktError<StoreErrorCode> {
  override readonly name = 'StoreError';
}

/** An error of an archive, with the entry named: `archive entry "a/../b": …`. Bytes are shown escaped. */
export function hostileEntry(name: Buffer, problem: string): StoreError {
  return new StoreError('hostile-archive', `archive entry ${quoted(name.toString())}: ${problem}`);
}
