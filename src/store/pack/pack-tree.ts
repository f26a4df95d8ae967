import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { getXattr, type IdRange, insideId, listXattrs, mapAttributeIds } from '#sys';
import type { EntryType, TarEntry } from '../tar/entry.ts';
import type { TarWriter } from '../tar/writer.ts';
import { StoreError } from '../store-error.ts';
import { SparseScan, type SparsePiece } from '../tar/sparse-writer.ts';
import { pathBelow, type TrustedXattrs } from './trusted-xattrs.ts';

export interface PackOptions {
  /** The name of the root directory in the archive, `rootfs` or `.`. */
  readonly name: string;
  /** overlayfs's whiteouts and opaque directories become OCI's; else they are left out. */
  readonly whiteouts: boolean;
  /** What the process that reads the files cannot see by itself. */
  readonly trusted: TrustedXattrs;
  /** Owners in the range become what they are in its user namespace. */
  readonly users?: IdRange;
}

const CHUNK = 1 << 20;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, S_IFMT, S_IFSOCK } = constants;
/** Whoever unpacked it: root of the kernel, or of a user namespace. */
const OPAQUE_XATTRS = ['trusted.overlay.opaque', 'user.overlay.opaque'];
/** Attributes that steer overlayfs or belong to this host, not to an image. */
const NOT_PACKED = /^(?:trusted\.overlay\.|user\.overlay\.|security\.selinux$|security\.ima$|security\.evm$|system\.nfs4_acl$)/;
const NONE: ReadonlyMap<string, Buffer> = new Map();
const EMPTY = Buffer.alloc(0);
const TYPES: Readonly<Record<number, EntryType>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'symlink',
  [constants.S_IFCHR]: 'char',
  [constants.S_IFBLK]: 'block',
  [constants.S_IFIFO]: 'fifo',
};

/**
 * Writes the files below a directory as archive entries, in the order of their names as bytes: the same archive for
 * the same files. Hard links are links to the first name; sockets are left out, as they mean nothing without
 * their process.
 */
export function packTree(root: string, writer: TarWriter, options: PackOptions): void {
  new Packing(root, writer, options).directory(Buffer.from(root), Buffer.from(options.name));
}

/** A whiteout or a file that is not on disk: empty, root's, of 1970. */
export function syntheticEntry(name: Buffer | string, size = 0, mode = 0o644): TarEntry {
  const times = { mtime: { seconds: 0, nanoseconds: 0 }, sparse: false, device: { major: 0, minor: 0 } };
  return { name: Buffer.from(name), type: 'file', linkName: EMPTY, mode, uid: 0, gid: 0, size, xattrs: NONE, ...times };
}

class Packing {
  readonly #root: string;
  readonly #writer: TarWriter;
  readonly #whiteouts: boolean;
  readonly #trusted: TrustedXattrs;
  readonly #idOf: (id: number) => number;
  readonly #links = new Map<string, Buffer>();

  constructor(root: string, writer: TarWriter, { trusted, users, whiteouts }: PackOptions) {
    this.#root = root;
    this.#writer = writer;
    this.#whiteouts = whiteouts;
    this.#trusted = trusted;
    this.#idOf = users === undefined ? (id) => id : (id) => insideId(users, id);
  }

  directory(place: Buffer, name: Buffer): void {
    this.#empty(this.#describe(place, name, lstatSync(place, { bigint: true })));
    if (this.#whiteouts && OPAQUE_XATTRS.some((name) => this.#trustedOf(place)?.get(name)?.toString() === 'y')) {
      this.#empty(syntheticEntry(joined(name, Buffer.from('.wh..wh..opq'))));
    }
    const names = readdirSync(place, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const each of names) this.#child(joined(place, each), name, each);
  }

  #child(place: Buffer, parent: Buffer, base: Buffer): void {
    const stat = lstatSync(place, { bigint: true });
    const kind = Number(stat.mode) & S_IFMT;
    if (kind === S_IFSOCK) return;
    if (kind === constants.S_IFCHR && stat.rdev === 0n) {
      if (this.#whiteouts) this.#empty(syntheticEntry(joined(parent, Buffer.concat([Buffer.from('.wh.'), base]))));
      return;
    }
    const name = joined(parent, base);
    if (kind === constants.S_IFDIR) this.directory(place, name);
    else if (!this.#isLink(name, stat, place)) this.#single(place, name, stat);
  }

  #isLink(name: Buffer, stat: BigIntStats, place: Buffer): boolean {
    if (stat.nlink < 2n) return false;
    const key = `${stat.dev}:${stat.ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, name);
    else this.#empty({ ...this.#describe(place, name, stat), type: 'link', linkName: first, size: 0, xattrs: NONE });
    return first !== undefined;
  }

  #single(place: Buffer, name: Buffer, stat: BigIntStats): void {
    const entry = this.#describe(place, name, stat);
    if (entry.type === 'file') this.#file(place, entry);
    else if (entry.type === 'symlink') this.#empty({ ...entry, linkName: readlinkSync(place, { encoding: 'buffer' }) });
    else this.#empty(entry);
  }

  #empty(entry: TarEntry): void {
    this.#writer.entry(entry);
    this.#writer.endEntry();
  }

  #describe(place: Buffer, name: Buffer, stat: BigIntStats): TarEntry {
    const type = TYPES[Number(stat.mode) & S_IFMT];
    if (type === undefined) throw new StoreError('pack-failed', `${place} is of an unknown type`);
    return {
      name,
      type,
      linkName: EMPTY,
      mode: Number(stat.mode) & 0o7777,
      uid: this.#idOf(Number(stat.uid)),
      gid: this.#idOf(Number(stat.gid)),
      mtime: timeOf(stat.mtimeNs),
      size: type === 'file' ? Number(stat.size) : 0,
      sparse: false,
      device: type === 'char' || type === 'block' ? deviceOf(stat.rdev) : { major: 0, minor: 0 },
      xattrs: xattrsOf(place, this.#idOf, this.#trustedOf(place)),
    };
  }

  #trustedOf(place: Buffer): ReadonlyMap<string, Buffer> | undefined {
    return this.#trusted.size === 0 ? undefined : this.#trusted.get(pathBelow(this.#root, place));
  }

  #file(place: Buffer, entry: TarEntry): void {
    const fd = openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      const pieces = stat.blocks * 512 < stat.size - CHUNK / 16 ? scan(fd, entry.size) : undefined;
      this.#writer.entry(pieces === undefined ? entry : { ...entry, pieces });
      for (const { position, length } of pieces ?? [{ position: 0, length: entry.size }]) this.#data(fd, position, length, place);
      this.#writer.endEntry();
    } finally {
      closeSync(fd);
    }
  }

  #data(fd: number, position: number, length: number, place: Buffer): void {
    for (let done = 0; done < length; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length - done));
      const got = readSync(fd, buffer, 0, buffer.length, position + done);
      if (got === 0) throw new StoreError('pack-failed', `${place} became shorter while it was read`);
      this.#writer.data(buffer.subarray(0, got));
      done += got;
    }
  }
}

function scan(fd: number, size: number): readonly SparsePiece[] {
  const result = new SparseScan();
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; at < size; ) {
    let filled = 0;
    const wanted = Math.min(CHUNK, size - at);
    while (filled < wanted) {
      const got = readSync(fd, buffer, filled, wanted - filled, at + filled);
      if (got === 0) buffer.fill(0, filled, wanted);
      filled = got === 0 ? wanted : filled + got;
    }
    result.take(buffer.subarray(0, wanted));
    at += wanted;
  }
  return result.finish();
}

function xattrsOf(place: Buffer, idOf: (id: number) => number, trusted = NONE): ReadonlyMap<string, Buffer> {
  const names = new Set([...listXattrs(place), ...trusted.keys()]);
  const wanted = [...names].filter((name) => !NOT_PACKED.test(name));
  if (wanted.length === 0) return NONE;
  return new Map(wanted.flatMap((name) => {
    const value = trusted.get(name) ?? getXattr(place, name);
    return value === undefined ? [] : [[name, mapAttributeIds(name, value, idOf)] as const];
  }));
}

function joined(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

function timeOf(nanoseconds: bigint): TarEntry['mtime'] {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}

/** The halves of a device number as the kernel packs it, makedev(3). */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
