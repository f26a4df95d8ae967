import type { TarEntry, TarSink, Timestamp } from './entry.ts';
import { BLOCK } from './header.ts';
import { type PaxRecord, renderPaxRecords, renderPaxTime } from './pax-writer.ts';
import { renderSparseMap, type SparsePiece } from './sparse-writer.ts';

/** An entry to be written. `pieces`: the data of a sparse file, in order; only they are given to `data`. */
export type WrittenEntry = TarEntry & { readonly pieces?: readonly SparsePiece[] };

const TYPE_FLAGS: Readonly<Record<TarEntry['type'], string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};
const NAME_LENGTH = 100;
const MOST_OCTAL = { id: 0o7777777, size: 0o77777777777 } as const;
const NO_TIME: Timestamp = { seconds: 0, nanoseconds: 0 };

/**
 * Writes a tar archive: the same bytes for the same entries, on every machine.
 *
 * ustar headers, with PAX records for what does not fit them: long names and names that are not ASCII, fractions of
 * seconds, big numbers, extended attributes (`SCHILY.xattr.`), sparse files (GNU's format 1.0). No user names, no
 * access times. Everything is synchronous; a piece that is handed on is only lent.
 */
export class TarWriter implements TarSink {
  readonly #write: (piece: Buffer) => void;
  #left = 0;
  #padding = 0;

  constructor(write: (piece: Buffer) => void) {
    this.#write = write;
  }

  /** The headers. Of a file `size` bytes, or those of its pieces, must follow before `endEntry`. */
  entry(entry: WrittenEntry): void {
    const map = entry.pieces === undefined ? undefined : renderSparseMap(entry.pieces);
    const size = map === undefined ? entry.size : map.length + sum(entry.pieces!);
    const records = planRecords(entry, size);
    if (records.length > 0) this.#extended(entry, renderPaxRecords(records));
    this.#write(renderHeader({ ...entry, name: headerName(entry) }, TYPE_FLAGS[entry.type], size));
    this.#left = size;
    this.#padding = paddingOf(size);
    if (map !== undefined) this.data(map);
  }

  data(piece: Buffer): void {
    if (piece.length > this.#left) throw new Error('more data than the entry has');
    this.#left -= piece.length;
    this.#write(piece);
  }

  endEntry(): void {
    if (this.#left !== 0) throw new Error(`${this.#left} bytes of the entry are missing`);
    if (this.#padding > 0) this.#write(Buffer.alloc(this.#padding));
    this.#padding = 0;
  }

  /** The two blocks of zeros that end an archive. */
  finish(): void {
    this.#write(Buffer.alloc(2 * BLOCK));
  }

  #extended(entry: WrittenEntry, body: Buffer): void {
    const name = Buffer.concat([Buffer.from('PaxHeaders.0/'), asciiBase(entry.name)]).subarray(0, NAME_LENGTH);
    const plain = { ...entry, name, mode: 0o644, uid: 0, gid: 0, mtime: NO_TIME, linkName: Buffer.alloc(0) };
    this.#write(renderHeader({ ...plain, device: { major: 0, minor: 0 } }, 'x', body.length));
    this.#write(body);
    this.#write(Buffer.alloc(paddingOf(body.length)));
  }
}

function planRecords(entry: WrittenEntry, size: number): PaxRecord[] {
  const records: [string, Buffer | string][] = [];
  const { mtime, pieces } = entry;
  if (pieces !== undefined) {
    records.push(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', tarName(entry)]);
    records.push(['GNU.sparse.realsize', String(entry.size)]);
  } else if (!fits(tarName(entry))) records.push(['path', tarName(entry)]);
  if (!fits(entry.linkName)) records.push(['linkpath', entry.linkName]);
  if (size > MOST_OCTAL.size) records.push(['size', String(size)]);
  if (entry.uid > MOST_OCTAL.id) records.push(['uid', String(entry.uid)]);
  if (entry.gid > MOST_OCTAL.id) records.push(['gid', String(entry.gid)]);
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > MOST_OCTAL.size) records.push(['mtime', renderPaxTime(mtime)]);
  const names = [...entry.xattrs.keys()].sort();
  for (const name of names) records.push([`SCHILY.xattr.${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`, entry.xattrs.get(name)!]);
  return records.map(([key, value]) => [key, Buffer.from(value)]);
}

/** A directory's name ends in a slash, as old readers want it. */
function tarName(entry: WrittenEntry): Buffer {
  return entry.type === 'directory' ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name;
}

function headerName(entry: WrittenEntry): Buffer {
  const name = tarName(entry);
  if (entry.pieces !== undefined) return Buffer.concat([Buffer.from('GNUSparseFile.0/'), asciiBase(entry.name)]).subarray(0, NAME_LENGTH);
  return fits(name) ? name : Buffer.from(asciiText(name).slice(0, NAME_LENGTH));
}

function fits(name: Buffer): boolean {
  return name.length <= NAME_LENGTH && name.every((byte) => byte < 0x80);
}

function asciiBase(name: Buffer): Buffer {
  return Buffer.from(asciiText(name.subarray(name.lastIndexOf(0x2f) + 1)));
}

function asciiText(name: Buffer): string {
  return name.toString('latin1').replaceAll(/[^ -~]/g, '_');
}

function renderHeader(entry: TarEntry, flag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  entry.name.copy(block, 0, 0, NAME_LENGTH);
  writeOctal(block, 100, 8, entry.mode);
  writeOctal(block, 108, 8, entry.uid > MOST_OCTAL.id ? 0 : entry.uid);
  writeOctal(block, 116, 8, entry.gid > MOST_OCTAL.id ? 0 : entry.gid);
  writeOctal(block, 124, 12, size > MOST_OCTAL.size ? 0 : size);
  const { seconds } = entry.mtime;
  writeOctal(block, 136, 12, seconds < 0 || seconds > MOST_OCTAL.size ? 0 : seconds);
  block.fill(0x20, 148, 156);
  block.write(flag, 156, 'latin1');
  entry.linkName.copy(block, 157, 0, NAME_LENGTH);
  block.write('ustar\u000000', 257, 'latin1');
  if (flag === '3' || flag === '4') {
    writeOctal(block, 329, 8, entry.device.major);
    writeOctal(block, 337, 8, entry.device.minor);
  }
  const checksum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

function writeOctal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at, length - 1, 'latin1');
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function sum(pieces: readonly SparsePiece[]): number {
  return pieces.reduce((total, { length }) => total + length, 0);
}
