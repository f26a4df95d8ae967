import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readTextIfExists, writeFileAtomic } from '#sys';
import type { CasLayout } from './layout.ts';
import { FILE_MODE, makeStoreDirectory } from './modes.ts';
import type { RemoteRecord } from './types.ts';

export function readRemote(layout: CasLayout, url: string): RemoteRecord | undefined {
  const text = readTextIfExists(layout.remote(url));
  if (text === undefined) return undefined;
  try {
    const json = JSON.parse(text) as Omit<RemoteRecord, 'downloadTime'> & { downloadTime: string };
    return { ...json, downloadTime: BigInt(json.downloadTime) };
  } catch {
    // Only a hint, which the next download writes anew.
    return undefined;
  }
}

export function writeRemote(layout: CasLayout, record: RemoteRecord): void {
  const path = layout.remote(record.url);
  makeStoreDirectory(layout.root, dirname(path));
  const json = { ...record, downloadTime: String(record.downloadTime) };
  writeFileAtomic(path, `${JSON.stringify(json)}\n`, { mode: FILE_MODE });
}

export function removeRemote(layout: CasLayout, url: string): void {
  rmSync(layout.remote(url), { force: true });
}
