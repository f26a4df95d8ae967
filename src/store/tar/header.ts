import { StoreError } from '../store-error.ts';
import { hostileEntry } from '../store-error.ts';
import { parseNumber } from './number.ts';

export const BLOCK = 512;

/** A header block as it stands, before PAX and GNU headers have their say (POSIX ustar, GNU tar's tar.h). */
export interface RawHeader {
  readonly name: Buffer;
  /** The type flag's character; an old archive's NUL is `0`. */
  readonly type: string;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

type Format = 'v7' | 'ustar' | 'star' | 'gnu';

/** @throws {StoreError} `hostile-archive` for a wrong checksum or a number that is none */
export function parseHeader(block: Buffer): RawHeader {
  const format = formatOf(block);
  const name = nameOf(block, format);
  checkSum(block, name);
  const number = (what: string, at: number, length: number): number => {
    const value = parseNumber(block.subarray(at, at + length));
    if (value === undefined) throw hostileEntry(name, `its ${what} is not a number`);
    return value;
  };
  const flag = block[156]!;
  const type = flag === 0 ? '0' : String.fromCharCode(flag);
  const device = type === '3' || type === '4';
  const size = number('size', 124, 12);
  if (size < 0) throw hostileEntry(name, 'its size is negative');
  return {
    name,
    type: type === '0' && endsWithSlash(name) ? '5' : type,
    linkName: text(block, 157, 100),
    mode: number('mode', 100, 8),
    uid: number('owner', 108, 8),
    gid: number('group', 116, 8),
    size,
    mtime: number('time', 136, 12),
    major: device ? number('device', 329, 8) : 0,
    minor: device ? number('device', 337, 8) : 0,
  };
}

/** Whether a block is all NUL: two of them end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZERO_BLOCK);
}
const ZERO_BLOCK = Buffer.alloc(BLOCK);

function formatOf(block: Buffer): Format {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar  \0') return 'gnu';
  if (!magic.startsWith('ustar\0')) return 'v7';
  return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar';
}

function nameOf(block: Buffer, format: Format): Buffer {
  const name = text(block, 0, 100);
  if (format !== 'ustar' && format !== 'star') return name;
  const prefix = text(block, 345, format === 'star' ? 131 : 155);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.of(0x2f), name]);
}

/** A field's bytes up to its NUL, copied: the block is only lent. */
function text(block: Buffer, at: number, length: number): Buffer {
  let end = at;
  while (end < at + length && block[end] !== 0) end += 1;
  return Buffer.from(block.subarray(at, end));
}

/** Historic archives sum signed bytes, all others unsigned ones. */
function checkSum(block: Buffer, name: Buffer): void {
  let unsigned = 0;
  let negatives = 0;
  for (let at = 0; at < BLOCK; at += 1) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    unsigned += byte;
    if (byte > 127) negatives += 1;
  }
  const stored = parseNumber(block.subarray(148, 156));
  if (stored === unsigned || stored === unsigned - 256 * negatives) return;
  if (name.length === 0) throw new StoreError('hostile-archive', 'the archive has a damaged header');
  throw hostileEntry(name, 'its header has a wrong checksum');
}

export function endsWithSlash(name: Buffer): boolean {
  return name.length > 0 && name[name.length - 1] === 0x2f;
}
