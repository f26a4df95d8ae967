import { StoreError } from '../store-error.ts';
import type { Timestamp } from './entry.ts';
import { parseDecimal } from './number.ts';

/** A PAX record: `<length> <key>=<value>\n`. Values are bytes: an extended attribute need not be text. */
export type PaxRecord = readonly [key: string, value: Buffer];

const LONGEST_LENGTH = 8;

/**
 * The records of a PAX header, in order; a key may come more than once (POSIX pax, "pax Extended Header").
 *
 * @throws {StoreError} `hostile-archive`
 */
export function parsePaxRecords(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 || space - at > LONGEST_LENGTH ? undefined : parseDecimal(body.toString('latin1', at, space));
    if (length === undefined || length < space - at + 3 || at + length > body.length) throw badRecord();
    const record = body.subarray(space + 1, at + length);
    const equals = record.indexOf(0x3d);
    if (equals < 1 || record[record.length - 1] !== 0x0a) throw badRecord();
    records.push([record.toString('utf8', 0, equals), Buffer.from(record.subarray(equals + 1, -1))]);
    at += length;
  }
  return records;
}

function badRecord(): StoreError {
  return new StoreError('hostile-archive', 'the archive has a malformed PAX header');
}

/** A time as decimal seconds with a fraction, `-1.25`; undefined where it is none. */
export function parsePaxTime(text: string): Timestamp | undefined {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

const SCHILY = 'SCHILY.xattr.';
const LIBARCHIVE = 'LIBARCHIVE.xattr.';

/**
 * The extended attributes among PAX records.
 *
 * star and GNU tar write them as they are; bsdtar writes the name URL-encoded and the value in base64,
 * beside star's form, which is the one believed where both are there.
 */
export function xattrsOf(records: Iterable<PaxRecord>): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  const schily = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(SCHILY)) schily.set(percentDecode(key.slice(SCHILY.length)), value);
    else if (key.startsWith(LIBARCHIVE)) {
      xattrs.set(urlDecode(key.slice(LIBARCHIVE.length)), Buffer.from(value.toString('latin1'), 'base64'));
    }
  }
  for (const [name, value] of schily) xattrs.set(name, value);
  return xattrs;
}

/** GNU tar writes `=` and `%` so, since a key ends at the first `=`. */
function percentDecode(name: string): string {
  return name.includes('%') ? name.replaceAll('%3D', '=').replaceAll('%25', '%') : name;
}

function urlDecode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
