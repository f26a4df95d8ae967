import { Buffer } from 'node:buffer';
import { BLOCK } from './header.ts';

/** Makes archives byte by byte, also such as no program would make. */

export interface RawEntry {
  readonly name: string | Buffer;
  readonly type?: string;
  readonly linkName?: string;
  readonly data?: Buffer | string;
  readonly mode?: number;
  /** Instead of the data's length. */
  readonly size?: number | Buffer;
  readonly major?: number;
  readonly minor?: number;
  readonly pax?: Readonly<Record<string, string | Buffer>>;
}

export function tarOf(...entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

export function tarEntry(entry: RawEntry): Buffer {
  const pax = entry.pax === undefined ? [] : [plain({ name: 'PaxHeader', type: 'x', data: paxBody(entry.pax) })];
  return Buffer.concat([...pax, plain(entry)]);
}

export function paxBody(records: Readonly<Record<string, string | Buffer>>): Buffer {
  return Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value as string))));
}

function paxRecord(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function plain(entry: RawEntry): Buffer {
  const data = Buffer.from((entry.data ?? '') as string);
  const header = Buffer.alloc(BLOCK);
  Buffer.from(entry.name as string).copy(header, 0, 0, 100);
  octal(header, 100, 8, entry.mode ?? 0o644);
  octal(header, 108, 8, 0);
  octal(header, 116, 8, 0);
  if (typeof entry.size === 'object') entry.size.copy(header, 124);
  else octal(header, 124, 12, entry.size ?? data.length);
  octal(header, 136, 12, 1_000_000_000);
  header.write(entry.type ?? '0', 156, 'latin1');
  header.write(entry.linkName ?? '', 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(header, 329, 8, entry.major ?? 0);
  octal(header, 337, 8, entry.minor ?? 0);
  header.fill(0x20, 148, 156);
  octal(header, 148, 7, header.reduce((sum, byte) => sum + byte, 0));
  return Buffer.concat([header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

function octal(header: Buffer, at: number, length: number, value: number): void {
  header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
}
