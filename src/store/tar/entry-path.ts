import { hostileEntry } from '../store-error.ts';
import type { ArchiveLimits } from './limits.ts';

/**
 * An entry's place below the root: `usr/bin/env`, `` for the root itself.
 *
 * One character stands for one byte (latin1), so that names which are not UTF-8 keep their bytes and can
 * still be keys of a map.
 */
export type EntryPath = string;

/**
 * The place a name out of an archive means: without `.`, empty components and a leading `./`.
 *
 * @throws {StoreError} `hostile-archive` where it is absolute, has `..`, a NUL, or is too long
 */
export function parseEntryPath(name: Buffer, limits: ArchiveLimits): EntryPath {
  return parsePath(name, name, limits, 'it');
}

/** As {@link parseEntryPath}, for the target of a hard link. */
export function parseLinkTarget(entry: Buffer, target: Buffer, limits: ArchiveLimits): EntryPath {
  return parsePath(entry, target, limits, 'its hard link target');
}

function parsePath(entry: Buffer, path: Buffer, limits: ArchiveLimits, what: string): EntryPath {
  const text = path.toString('latin1');
  if (text.length === 0) throw hostileEntry(entry, `${what} has no name`);
  if (text.startsWith('/')) throw hostileEntry(entry, `${what} has an absolute name`);
  if (text.includes('\0')) throw hostileEntry(entry, `${what} has a NUL in its name`);
  const components = text.split('/').filter((component) => component !== '' && component !== '.');
  for (const component of components) {
    if (component === '..') throw hostileEntry(entry, `${what} climbs by ".."`);
    if (component.length > limits.componentBytes) {
      throw hostileEntry(entry, `${what} has a name of more than ${limits.componentBytes} bytes`);
    }
  }
  return components.join('/');
}

/** The directory a place is in. */
export function parentOf(path: EntryPath): EntryPath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseOf(path: EntryPath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: EntryPath, name: string): EntryPath {
  return directory === '' ? name : `${directory}/${name}`;
}

const PRINTABLE_ASCII = /^[ -~]*$/;

/** A place as an argument of file calls, below `root` (absolute, without a trailing slash; `` is `/`). */
export function onDisk(root: string, path: EntryPath): string | Buffer {
  if (PRINTABLE_ASCII.test(path)) return `${root}/${path}`;
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}
