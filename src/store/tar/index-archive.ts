import { readSync } from 'node:fs';
import { hostileEntry } from '../store-error.ts';
import type { TarEntry, TarSink } from './entry.ts';
import { type EntryPath, joinPath, parentOf, parseEntryPath, parseLinkTarget } from './entry-path.ts';
import { type ArchiveLimits, DEFAULT_LIMITS } from './limits.ts';
import { TarReader } from './reader.ts';

/** Where a file's content is in an archive. Bytes. */
export interface ArchivedFile {
  readonly position: number;
  readonly size: number;
}

/** The files of an archive by their place, `blobs/sha256/…`. */
export interface ArchiveIndex {
  /** Links are followed within the archive where that is asked for. Undefined: there is no such file. */
  find(path: string, options?: { followLinks: boolean }): ArchivedFile | undefined;
  /** Whether there is anything of that name, or below it. */
  has(path: string): boolean;
}

const CHUNK = 1 << 20;
const MOST_LINKS = 8;

/**
 * Reads an uncompressed tar archive, an open file, through, without taking anything out of it.
 *
 * @throws {StoreError} `hostile-archive` naming the entry: `..`, an absolute name, the same file twice
 */
export function indexArchive(fd: number, limits: ArchiveLimits = DEFAULT_LIMITS): ArchiveIndex {
  const indexing = new Indexing(limits);
  const reader = new TarReader(indexing, limits);
  indexing.offset = () => reader.offset;
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0, got = 1; got > 0; at += got) {
    got = readSync(fd, buffer, 0, CHUNK, at);
    reader.push(buffer.subarray(0, got));
  }
  reader.finish({ whole: false });
  return indexing;
}

class Indexing implements TarSink, ArchiveIndex {
  readonly #limits: ArchiveLimits;
  readonly #files = new Map<EntryPath, ArchivedFile>();
  readonly #links = new Map<EntryPath, EntryPath>();
  readonly #directories = new Set<EntryPath>();
  offset: () => number = () => 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  entry(entry: TarEntry): void {
    const path = parseEntryPath(entry.name, this.#limits);
    if (this.#files.has(path) || this.#links.has(path)) throw hostileEntry(entry.name, 'the archive has it twice');
    for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) this.#directories.add(parent);
    if (entry.type === 'directory') this.#directories.add(path);
    else if (entry.type === 'link') this.#links.set(path, parseLinkTarget(entry.name, entry.linkName, this.#limits));
    else if (entry.type === 'symlink') this.#links.set(path, symlinkTarget(path, entry.linkName.toString('latin1')));
    else if (entry.type === 'file' && entry.sparse) throw hostileEntry(entry.name, 'a sparse file is not expected here');
    else if (entry.type === 'file') this.#files.set(path, { position: this.offset(), size: entry.size });
  }

  data(): void {}
  endEntry(): void {}

  find(path: string, { followLinks } = { followLinks: false }): ArchivedFile | undefined {
    let at = path;
    for (let links = 0; followLinks && links < MOST_LINKS && !this.#files.has(at); links++) at = this.#links.get(at) ?? at;
    return this.#files.get(at);
  }

  has(path: string): boolean {
    return this.#files.has(path) || this.#links.has(path) || this.#directories.has(path);
  }
}

/** Where a symbolic link leads within the archive; `` where it leads out of it. */
function symlinkTarget(path: EntryPath, target: string): EntryPath {
  if (target.startsWith('/')) return '';
  let at = parentOf(path);
  for (const component of target.split('/')) {
    if (component === '..') {
      if (at === '') return '';
      at = parentOf(at);
    } else if (component !== '' && component !== '.') at = joinPath(at, component);
  }
  return at;
}
