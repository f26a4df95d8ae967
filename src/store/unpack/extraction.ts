import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { makeDevice, makeNode, S_IF, writeWhole } from '#sys';
import { hostileEntry } from '../store-error.ts';
import type { TarEntry, TarSink } from '../tar/entry.ts';
import { baseOf, type EntryPath, joinPath, onDisk, parentOf, parseEntryPath, parseLinkTarget } from '../tar/entry-path.ts';
import type { ArchiveLimits } from '../tar/limits.ts';
import { Directories } from './directories.ts';
import { applyToFile, applyToPlace, trustedXattrs } from './metadata.ts';
import { OPAQUE_XATTR, type PrivilegedXattr } from './privileged-xattrs.ts';
import { parseWhiteout } from './whiteouts.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const YES = Buffer.from('y').toString('base64');

export interface ExtractionOptions {
  /** Without a trailing slash. */
  readonly root: string;
  /** Whiteouts become overlayfs's; else they are names like any other. */
  readonly whiteouts: boolean;
  /** Devices are left out. */
  readonly withoutDevices?: boolean;
  /** Where an entry goes; undefined leaves it out. */
  readonly place?: (path: EntryPath) => EntryPath | undefined;
  readonly limits: ArchiveLimits;
}

interface OpenFile {
  readonly fd: number;
  readonly place: string | Buffer;
}

/**
 * Writes an archive's entries below a root, as root does with `umoci raw unpack` or `tar --xattrs -p`.
 *
 * Only synchronous calls, four for a small file. Metadata of directories and whiteouts wait for `finish`: until
 * then no directory is setgid or read-only, and the order of the archive does not matter.
 */
export class Extraction implements TarSink {
  readonly #options: ExtractionOptions;
  readonly #directories: Directories;
  readonly #pending = new Map<EntryPath, TarEntry>();
  readonly #hidden: EntryPath[] = [];
  readonly #opaque: EntryPath[] = [];
  /** By the place they belong to. */
  readonly #privileged = new Map<EntryPath, PrivilegedXattr[]>();
  #entry: TarEntry | undefined;
  #file: OpenFile | undefined;

  constructor(options: ExtractionOptions) {
    this.#options = options;
    this.#directories = new Directories(options.root);
  }

  entry(entry: TarEntry): void {
    this.#entry = entry;
    const path = this.#wanted(entry);
    if (path === undefined) return;
    if (path === '') return this.#rootEntry(entry);
    const real = joinPath(this.#directories.resolve(parentOf(path), entry.name), baseOf(path));
    this.#make(entry, real, onDisk(this.#options.root, real));
  }

  data(piece: Buffer, position: number): void {
    if (this.#file === undefined) return;
    writeWhole(this.#file.fd, piece, this.#entry!.sparse ? position : undefined);
  }

  endEntry(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      if (this.#entry!.sparse) ftruncateSync(file.fd, this.#entry!.size);
      applyToFile(file.fd, file.place, this.#entry!);
    } finally {
      closeSync(file.fd);
    }
  }

  /**
   * Sets what had to wait. The root is opaque where the layer hides everything below it. The attributes that need
   * more privilege than unpacking does are left for the caller to set.
   */
  finish(): { opaqueRoot: boolean; privileged: PrivilegedXattr[] } {
    for (const path of this.#hidden) if (!this.#isBelowOpaque(path)) this.#hide(path);
    for (const path of this.#opaque) this.#markOpaque(path);
    for (const [path, entry] of this.#pending) applyToPlace(onDisk(this.#options.root, path), entry);
    return { opaqueRoot: this.#opaque.includes(''), privileged: [...this.#privileged.values()].flat() };
  }

  #wanted(entry: TarEntry): EntryPath | undefined {
    const path = parseEntryPath(entry.name, this.#options.limits);
    if (this.#options.whiteouts && this.#isWhiteout(path, entry)) return undefined;
    return this.#options.place === undefined ? path : this.#options.place(path);
  }

  #isWhiteout(path: EntryPath, entry: TarEntry): boolean {
    const whiteout = parseWhiteout(path, entry);
    if (whiteout === undefined) return false;
    if (whiteout.kind === 'opaque') this.#opaque.push(this.#directories.resolve(whiteout.directory, entry.name));
    // umoci tells of a directory that became a file also what was in it.
    if (whiteout.kind === 'hide' && !this.#directories.isBelowFile(parentOf(whiteout.path))) {
      const directory = this.#directories.resolve(parentOf(whiteout.path), entry.name);
      this.#hidden.push(joinPath(directory, baseOf(whiteout.path)));
    }
    return true;
  }

  #rootEntry(entry: TarEntry): void {
    if (entry.type !== 'directory') throw hostileEntry(entry.name, 'the root is not a directory');
    this.#pending.set('', entry);
    this.#keepPrivileged(entry, '');
  }

  #make(entry: TarEntry, path: EntryPath, place: string | Buffer): void {
    this.#makeAt(entry, path, place);
    this.#keepPrivileged(entry, path);
  }

  #keepPrivileged(entry: TarEntry, path: EntryPath): void {
    if (entry.xattrs.size === 0) return;
    const xattrs = trustedXattrs(entry).map(([name, value]) => ({ path, name, value: value.toString('base64') }));
    if (xattrs.length > 0) this.#privileged.set(path, xattrs);
  }

  #markOpaque(path: EntryPath): void {
    this.#privileged.set(path, [...(this.#privileged.get(path) ?? []), { path, name: OPAQUE_XATTR, value: YES }]);
  }

  #makeAt(entry: TarEntry, path: EntryPath, place: string | Buffer): void {
    switch (entry.type) {
      case 'file':
        this.#file = { fd: this.#create(path, place, entry.mode), place };
        return;
      case 'directory':
        return this.#makeDirectory(entry, path, place);
      case 'link':
        return this.#makeLink(entry, path, place);
      case 'symlink':
        if (entry.linkName.length === 0) throw hostileEntry(entry.name, 'it is a symbolic link to nothing');
        this.#replacing(path, place, () => symlinkSync(entry.linkName, place));
        return applyToPlace(place, entry);
      default:
        if (this.#options.withoutDevices === true && entry.type !== 'fifo') return;
        this.#replacing(path, place, () => makeSpecial(entry, place));
        return applyToPlace(place, entry);
    }
  }

  #create(path: EntryPath, place: string | Buffer, mode: number): number {
    const open = (): number => openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777);
    return this.#replacing(path, place, open);
  }

  /** What an earlier entry left at a place gives way to a later one. */
  #replacing<T>(path: EntryPath, place: string | Buffer, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      this.#removeExisting(path, place);
      return make();
    }
  }

  #removeExisting(path: EntryPath, place: string | Buffer): void {
    const stat = lstatSync(place);
    this.#privileged.delete(path);
    if (stat.isDirectory()) {
      rmSync(place, { recursive: true });
      for (const known of this.#pending.keys()) {
        if (known === path || known.startsWith(`${path}/`)) this.#pending.delete(known);
      }
      for (const known of this.#privileged.keys()) if (known.startsWith(`${path}/`)) this.#privileged.delete(known);
    } else unlinkSync(place);
    if (stat.isDirectory() || stat.isSymbolicLink()) this.#directories.forget();
  }

  #makeDirectory(entry: TarEntry, path: EntryPath, place: string | Buffer): void {
    try {
      mkdirSync(place, 0o755);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      if (!lstatSync(place).isDirectory()) {
        this.#removeExisting(path, place);
        mkdirSync(place, 0o755);
      }
    }
    this.#directories.know(path);
    this.#pending.set(path, entry);
  }

  #makeLink(entry: TarEntry, path: EntryPath, place: string | Buffer): void {
    const asked = parseLinkTarget(entry.name, entry.linkName, this.#options.limits);
    const target = this.#options.place === undefined ? asked : this.#options.place(asked);
    if (target === undefined || target === '') throw hostileEntry(entry.name, 'its hard link target is left out');
    const real = joinPath(this.#directories.resolve(parentOf(target), entry.name), baseOf(target));
    if (real === path) return;
    const source = onDisk(this.#options.root, real);
    const stat = lstatSync(source, { throwIfNoEntry: false });
    if (stat === undefined) throw hostileEntry(entry.name, 'its hard link target is not in the archive');
    if (stat.isDirectory()) throw hostileEntry(entry.name, 'its hard link target is a directory');
    this.#replacing(path, place, () => linkSync(source, place));
  }

  /** There nothing shines through, and overlayfs would list the whiteout itself: it filters only merged directories. */
  #isBelowOpaque(path: EntryPath): boolean {
    if (this.#opaque.length === 0 || path === '') return false;
    const directory = parentOf(path);
    return this.#opaque.includes(directory) || this.#isBelowOpaque(directory);
  }

  #hide(path: EntryPath): void {
    if (this.#directories.isBelowFile(parentOf(path))) return;
    const place = onDisk(this.#options.root, path);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) makeNode(place, S_IF.CHR, 0n);
    else if (stat.isDirectory()) this.#markOpaque(path);
  }
}

function makeSpecial(entry: TarEntry, place: string | Buffer): void {
  if (entry.type === 'fifo') return makeNode(place, S_IF.FIFO | entry.mode);
  const { major, minor } = entry.device;
  if (major < 0 || minor < 0 || major > 0xfff || minor > 0xfffff) throw hostileEntry(entry.name, 'it is an impossible device');
  if (entry.type === 'char' && major === 0 && minor === 0) {
    throw hostileEntry(entry.name, 'it is the device 0:0, which hides files of the layers below');
  }
  makeNode(place, (entry.type === 'char' ? S_IF.CHR : S_IF.BLK) | entry.mode, makeDevice(major, minor));
}
