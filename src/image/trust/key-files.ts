import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from '#sys';

/**
 * What a file of the keystore holds: an OpenPGP key (as rkt has it), a public key as cosign uses it, or who
 * may get a certificate of a sigstore.
 */
export type KeyKind = 'pgp' | 'cosign' | 'sigstore';

/** A file of the keystore. An empty one masks what has the same name. */
export interface KeyFile {
  readonly path: string;
  /** The fingerprint, and a suffix that tells the kind. */
  readonly fileName: string;
  readonly kind: KeyKind;
  readonly fingerprint: string;
  readonly text: string;
}

/** No suffix: rkt's own names, which stay as they are. */
const SUFFIXES: Readonly<Record<KeyKind, string>> = { pgp: '', cosign: '.pem', sigstore: '.sigstore.json' };
const FILE_NAME = /^([0-9a-f]{40}|[0-9a-f]{64})(\.pem|\.sigstore\.json)?$/;

export function keyFileName(kind: KeyKind, fingerprint: string): string {
  return `${fingerprint}${SUFFIXES[kind]}`;
}

/** Undefined for what is no name of a key file. */
export function parseKeyFileName(fileName: string): { kind: KeyKind; fingerprint: string } | undefined {
  const match = FILE_NAME.exec(fileName);
  if (match === null) return undefined;
  const kind = (Object.keys(SUFFIXES) as KeyKind[]).find((name) => SUFFIXES[name] === (match[2] ?? ''))!;
  return { kind, fingerprint: match[1]! };
}

/** The keys directly in a directory, sorted; other names (a directory of a longer prefix, say) are left alone. */
export function readKeyFiles(directory: string): KeyFile[] {
  const entries = unlessMissing(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .flatMap((fileName) => {
      const parsed = parseKeyFileName(fileName);
      const path = join(directory, fileName);
      return parsed === undefined ? [] : [{ path, fileName, ...parsed, text: readFileSync(path, 'utf8') }];
    });
}
