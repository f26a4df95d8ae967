import { hostileEntry } from '../store-error.ts';
import type { EntryType, TarEntry, Timestamp } from './entry.ts';
import { endsWithSlash, type RawHeader } from './header.ts';
import type { ArchiveLimits } from './limits.ts';
import { parseDecimal } from './number.ts';
import { type PaxRecord, parsePaxTime, xattrsOf } from './pax.ts';
import type { SparseInfo } from './sparse.ts';

/** What headers before an entry's own say of it. */
export interface Extended {
  readonly longName?: Buffer;
  readonly longLink?: Buffer;
  /** Global records first, so that later ones win. */
  readonly records: readonly PaxRecord[];
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
};
const BIGGEST_ID = 0xfffffffe;

/** The entry a header and its extensions describe. @throws {StoreError} naming the entry */
export function entryOf(
  header: RawHeader,
  extended: Extended,
  sparse: SparseInfo | undefined,
  limits: ArchiveLimits,
): TarEntry {
  const records = new Map(extended.records);
  const name = sparse?.name ?? records.get('path') ?? extended.longName ?? header.name;
  const type = TYPES[header.type];
  if (type === undefined) throw hostileEntry(name, `it is of the unknown type ${JSON.stringify(header.type)}`);
  const linkName = records.get('linkpath') ?? extended.longLink ?? header.linkName;
  const xattrs = extended.records.length === 0 ? NO_XATTRS : xattrsOf(extended.records);
  checkSizes(name, linkName, xattrs, limits);
  return {
    name: endsWithSlash(name) ? trimSlashes(name) : name,
    type,
    linkName: type === 'link' || type === 'symlink' ? linkName : EMPTY,
    mode: header.mode & 0o7777,
    uid: idOf(name, 'owner', records.get('uid'), header.uid),
    gid: idOf(name, 'group', records.get('gid'), header.gid),
    mtime: timeOf(name, records.get('mtime'), header.mtime),
    size: type === 'file' ? (sparse?.realSize ?? sizeOf(header, extended)) : 0,
    sparse: sparse !== undefined,
    device: { major: header.major, minor: header.minor },
    xattrs,
  };
}
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();
const EMPTY = Buffer.alloc(0);

/** Bytes of data that follow the header. Types that have no content have none, whatever the field says. */
export function sizeOf(header: RawHeader, extended: Extended): number {
  if ('123456'.includes(header.type)) return 0;
  const text = extended.records.findLast(([key]) => key === 'size')?.[1];
  if (text === undefined) return header.size;
  const size = parseDecimal(text.toString('latin1'));
  if (size === undefined || size < 0) throw hostileEntry(header.name, 'its PAX size is not a number of bytes');
  return size;
}

function checkSizes(
  name: Buffer,
  linkName: Buffer,
  xattrs: ReadonlyMap<string, Buffer>,
  limits: ArchiveLimits,
): void {
  if (name.length > limits.pathBytes) throw hostileEntry(name, `its name is longer than ${limits.pathBytes} bytes`);
  if (linkName.length > limits.pathBytes) {
    throw hostileEntry(name, `its link target is longer than ${limits.pathBytes} bytes`);
  }
  for (const [key, value] of xattrs) {
    if (key.length > limits.componentBytes || value.length > limits.xattrBytes) {
      throw hostileEntry(name, `its extended attribute ${JSON.stringify(key.slice(0, 64))} is too long`);
    }
  }
}

function idOf(name: Buffer, what: string, pax: Buffer | undefined, header: number): number {
  const id = pax === undefined ? header : parseDecimal(pax.toString('latin1'));
  // (uid_t)-1 means "leave as it is" to chown(2).
  if (id === undefined || id < 0 || id > BIGGEST_ID) throw hostileEntry(name, `its ${what} is not a possible id`);
  return id;
}

function timeOf(name: Buffer, pax: Buffer | undefined, header: number): Timestamp {
  if (pax === undefined) return { seconds: header, nanoseconds: 0 };
  const time = parsePaxTime(pax.toString('latin1'));
  if (time === undefined) throw hostileEntry(name, 'its PAX time is not a number of seconds');
  return time;
}

function trimSlashes(name: Buffer): Buffer {
  let end = name.length;
  while (end > 1 && name[end - 1] === 0x2f) end -= 1;
  return name.subarray(0, end);
}
