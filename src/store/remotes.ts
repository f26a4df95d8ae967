import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readTextIfExists, writeFileAtomic } from '#sys';
import { parseRemoteRecord } from './index-texts.ts';
import type { CasLayout } from './layout.ts';
import { FILE_MODE, makeStoreDirectory } from './modes.ts';
import type { RemoteRecord } from './types.ts';

/** Only a hint: where there is none, or none that can be read, the next download writes it anew. */
export function readRemote(layout: CasLayout, url: string): RemoteRecord | undefined {
  const text = readTextIfExists(layout.remote(url));
  return text === undefined ? undefined : parseRemoteRecord(text);
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
