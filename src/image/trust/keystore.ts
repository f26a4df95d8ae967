import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AcIdentifier, parseAcIdentifier } from '#appc';
import { writeFileAtomic } from '#sys';
import { ImageError } from '../image-error.ts';
import { type KeyFile, readKeyFiles } from './key-files.ts';

export interface KeystoreDirs {
  /** Say /usr/lib/rkt: keys that came with the system. */
  readonly systemDir: string;
  /** Say /etc/rkt: keys this machine trusts, and empty files that mask those of the system. */
  readonly localDir: string;
}

/**
 * The public keys trusted to sign images.
 *
 * A key is the file `trustedkeys/root.d/<fingerprint>`, trusted for every image, or
 * `trustedkeys/prefix.d/<prefix>/<fingerprint>`, trusted for images of that name and below it.
 */
export interface Keystore {
  /** The key files that count for an image's name, armored, by lower case fingerprint. */
  keysFor(name: AcIdentifier): ReadonlyMap<string, KeyFile>;
  /** Trusts a key for names at and below `prefix`, or for all where there is none. @returns its file's path */
  add(prefix: AcIdentifier | undefined, fingerprint: string, armored: string): string;
  /** Takes back the trust in a key of the system, by an empty file of the same name. */
  mask(prefix: AcIdentifier | undefined, fingerprint: string): string;
}

export function openKeystore(dirs: KeystoreDirs): Keystore {
  const write = (prefix: AcIdentifier | undefined, fingerprint: string, text: string): string => {
    const directory = keyDirectory(dirs.localDir, prefix);
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o755);
    const path = join(directory, fingerprint);
    writeFileAtomic(path, text, { mode: 0o644 });
    chmodSync(path, 0o644);
    return path;
  };
  return {
    keysFor: (name) => readKeysFor(dirs, name),
    add: write,
    mask: (prefix, fingerprint) => write(prefix, fingerprint, ''),
  };
}

function keyDirectory(configDir: string, prefix: AcIdentifier | undefined): string {
  const keys = join(configDir, 'trustedkeys');
  return prefix === undefined ? join(keys, 'root.d') : join(keys, 'prefix.d', parsePath(prefix));
}

/** An identifier that names a directory below prefix.d and none elsewhere: `a/../b` is an identifier too. */
function parsePath(name: AcIdentifier): AcIdentifier {
  const parsed = parseAcIdentifier(name);
  if (parsed.split('/').every((part) => part !== '' && part !== '.' && part !== '..')) return parsed;
  throw new ImageError('bad-key', `no key can be trusted for "${name}": it is no path of names`);
}

/** Later directories count more: local after system, prefixes after root, the longer prefix after the shorter. */
function readKeysFor(dirs: KeystoreDirs, name: AcIdentifier): ReadonlyMap<string, KeyFile> {
  const sources = [dirs.systemDir, dirs.localDir];
  const directories = [
    ...sources.map((dir) => keyDirectory(dir, undefined)),
    ...prefixesOf(name).flatMap((prefix) => sources.map((dir) => keyDirectory(dir, prefix))),
  ];
  const keys = new Map<string, KeyFile>();
  for (const file of directories.flatMap(readKeyFiles)) {
    if (file.armored === '') keys.delete(file.fingerprint);
    else keys.set(file.fingerprint, file);
  }
  return keys;
}

/** `a.com/b/c` → `a.com`, `a.com/b`, `a.com/b/c`. @throws {ImageError} bad-key for what is no path of names */
export function prefixesOf(name: AcIdentifier): AcIdentifier[] {
  const parts = parsePath(name).split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/') as AcIdentifier);
}
