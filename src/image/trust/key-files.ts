import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from '#sys';

/** A file of the keystore. An empty one masks the key of that fingerprint. */
export interface KeyFile {
  readonly path: string;
  readonly fingerprint: string;
  readonly armored: string;
}

const FINGERPRINT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The keys directly in a directory, sorted; other names (a directory of a longer prefix, say) are left alone. */
export function readKeyFiles(directory: string): KeyFile[] {
  const entries = unlessMissing(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => FINGERPRINT.test(entry.name) && !entry.isDirectory())
    .map((entry) => join(directory, entry.name))
    .sort()
    .map((path) => ({ path, fingerprint: path.slice(path.lastIndexOf('/') + 1), armored: readFileSync(path, 'utf8') }));
}
