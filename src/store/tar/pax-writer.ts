import type { Timestamp } from './entry.ts';
import type { PaxRecord } from './pax.ts';

export type { PaxRecord } from './pax.ts';

/** PAX records as the body of a header: `<length> <key>=<value>\n` each, the length counting itself. */
export function renderPaxRecords(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(records.map(([key, value]) => renderRecord(key, value)));
}

function renderRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** Decimal seconds; nanoseconds count forward, also before 1970: -1 s and 250,000,000 ns is `-0.75`. */
export function renderPaxTime({ seconds, nanoseconds }: Timestamp): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const size = total < 0n ? -total : total;
  const fraction = String(size % 1_000_000_000n).padStart(9, '0').replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}
