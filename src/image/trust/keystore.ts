import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AcIdentifier, parseAcIdentifier } from '#appc';
import { readTextIfExists, unlessMissing, writeFileAtomic } from '#sys';
import { ImageError } from '../image-error.ts';
import { type KeyFile, type KeyKind, parseKeyFileName, readKeyFiles } from './key-files.ts';

export interface KeystoreDirs {
  /** Say /usr/lib/rkt: keys that came with the system. */
  readonly systemDir: string;
  /** Say /etc/rkt: keys this machine trusts, and empty files that mask those of the system. */
  readonly localDir: string;
  /** Say ~/.config/rkt, where a user who is not root runs rkt: keys are added there, and mask those of the others. */
  readonly ownDir?: string;
}

/** One file of the keystore, as `rkt trust --list` tells it. */
export interface KeyEntry {
  readonly kind: KeyKind;
  readonly fingerprint: string;
  /** Undefined: for all names. */
  readonly prefix: AcIdentifier | undefined;
  readonly where: 'system' | 'local' | 'user';
  readonly path: string;
  /** `masked`: by an empty local file beside it; `mask`: it is such a file, for keys of shorter prefixes. */
  readonly state: 'trusted' | 'masked' | 'mask';
  readonly text: string;
}

/** What became of one place that a key was trusted in. */
export interface KeyRemoval {
  readonly prefix: AcIdentifier | undefined;
  /** The file that was removed, or the empty one that takes the trust back. */
  readonly path: string;
  readonly outcome: 'removed' | 'masked';
}

/**
 * The public keys and identities trusted to sign images.
 *
 * Each is a file `trustedkeys/root.d/<name>`, trusted for every image, or
 * `trustedkeys/prefix.d/<prefix>/<name>`, trusted for images of that name and below it.
 */
export interface Keystore {
  /** Where it is, for a process that opens it anew. */
  readonly dirs: KeystoreDirs;
  /** The key files that count for an image's name, by file name. */
  keysFor(name: AcIdentifier): ReadonlyMap<string, KeyFile>;
  /** Trusts a key for names at and below `prefix`, or for all where there is none. @returns its file's path */
  add(prefix: AcIdentifier | undefined, fileName: string, text: string): string;
  /** Takes back the trust in a key of the system, by an empty file of the same name. */
  mask(prefix: AcIdentifier | undefined, fileName: string): string;
  /** All files, root first, then by prefix. */
  list(): KeyEntry[];
  /** Takes back the trust in a key, everywhere or for one prefix (`root`: for all names) only. Says what it did. */
  remove(fingerprint: string, only?: AcIdentifier | 'root'): KeyRemoval[];
}

/** The keystore in these directories. Nothing is read before it is asked for, and each time anew. */
export function openKeystore(dirs: KeystoreDirs): Keystore {
  const write = (prefix: AcIdentifier | undefined, fileName: string, text: string): string =>
    writeKeyFile(dirs.ownDir ?? dirs.localDir, prefix, fileName, text);
  const list = (): KeyEntry[] => listEntries(dirs);
  return {
    dirs,
    keysFor: (name) => readKeysFor(dirs, name),
    add: write,
    mask: (prefix, fileName) => write(prefix, fileName, ''),
    list,
    remove: (fingerprint, only) =>
      list()
        .filter((entry) => entry.fingerprint === fingerprint && entry.state === 'trusted')
        .filter(({ prefix }) => only === undefined || (prefix ?? 'root') === only)
        .sort((a, b) => Number(b.where === ownPlace(dirs)) - Number(a.where === ownPlace(dirs)))
        .flatMap((entry) => removeEntry(entry, write, ownPlace(dirs))),
  };
}

function writeKeyFile(configDir: string, prefix: AcIdentifier | undefined, fileName: string, text: string): string {
  const directory = keyDirectory(configDir, prefix);
  const path = join(directory, fileName);
  if (readTextIfExists(path) === text) return path;
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
  writeFileAtomic(path, text, { mode: 0o644 });
  chmodSync(path, 0o644);
  return path;
}

/** Whose files are written and removed; the others' are masked. */
function ownPlace({ ownDir }: KeystoreDirs): KeyEntry['where'] {
  return ownDir === undefined ? 'local' : 'user';
}

/** The directories of keys, the later count more. */
function sourcesOf({ systemDir, localDir, ownDir }: KeystoreDirs): (readonly [where: KeyEntry['where'], dir: string])[] {
  return [['system', systemDir], ['local', localDir], ...(ownDir === undefined ? [] : [['user', ownDir] as const])];
}

/** One's own are removed before those of others are masked, which takes the same path. */
function removeEntry(entry: KeyEntry, write: Keystore['add'], own: KeyEntry['where']): KeyRemoval[] {
  const { path, prefix, where } = entry;
  if (where === own) {
    rmSync(path, { force: true });
    return [{ prefix, path, outcome: 'removed' }];
  }
  const fileName = path.slice(path.lastIndexOf('/') + 1);
  return [{ prefix, path: write(prefix, fileName, ''), outcome: 'masked' }];
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

/** Later directories count more: local after system, a user's after both, prefixes after root, the longer prefix after the shorter. */
function readKeysFor(dirs: KeystoreDirs, name: AcIdentifier): ReadonlyMap<string, KeyFile> {
  const sources = sourcesOf(dirs).map(([, dir]) => dir);
  const directories = [
    ...sources.map((dir) => keyDirectory(dir, undefined)),
    ...prefixesOf(name).flatMap((prefix) => sources.map((dir) => keyDirectory(dir, prefix))),
  ];
  const keys = new Map<string, KeyFile>();
  for (const file of directories.flatMap(readKeyFiles)) {
    if (file.text === '') keys.delete(file.fileName);
    else keys.set(file.fileName, file);
  }
  return keys;
}

/** `a.com/b/c` → `a.com`, `a.com/b`, `a.com/b/c`. @throws {ImageError} bad-key for what is no path of names */
function prefixesOf(name: AcIdentifier): AcIdentifier[] {
  const parts = parsePath(name).split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/') as AcIdentifier);
}

function listEntries(dirs: KeystoreDirs): KeyEntry[] {
  const sources = sourcesOf(dirs);
  const prefixes = new Set(sources.flatMap(([, dir]) => prefixesBelow(join(dir, 'trustedkeys', 'prefix.d'))));
  return [undefined, ...[...prefixes].sort()].flatMap((prefix) => {
    const files = sources.flatMap(([where, dir]) =>
      readKeyFiles(keyDirectory(dir, prefix)).map((file) => ({ where, prefix, file })),
    );
    const order = sources.map(([where]) => where);
    const isMasked = (of: KeyEntry['where'], fileName: string): boolean =>
      files.some(({ where, file }) => order.indexOf(where) > order.indexOf(of) && file.fileName === fileName && file.text === '');
    const held = new Set(files.filter(({ file }) => file.text !== '').map(({ file }) => file.fileName));
    return files.flatMap(({ file, ...place }): KeyEntry[] => {
      const { fingerprint, kind, path, text } = file;
      if (text === '' && held.has(file.fileName)) return [];
      const state = text === '' ? 'mask' : isMasked(place.where, file.fileName) ? 'masked' : 'trusted';
      return [{ kind, fingerprint, ...place, path, state, text }];
    });
  });
}

/** The prefixes that have a directory with keys; directories whose path is no prefix are left alone. */
function prefixesBelow(directory: string): AcIdentifier[] {
  const entries = unlessMissing(() => readdirSync(directory, { recursive: true, withFileTypes: true })) ?? [];
  const withKeys = entries.filter((entry) => !entry.isDirectory() && parseKeyFileName(entry.name) !== undefined);
  const prefixes = withKeys.map(({ parentPath }) => parentPath.slice(directory.length + 1));
  return [...new Set(prefixes)].filter(isPrefix);
}

function isPrefix(text: string): text is AcIdentifier {
  try {
    return parsePath(text as AcIdentifier) === text;
  } catch {
    return false;
  }
}
