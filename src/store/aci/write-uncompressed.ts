import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { type ArchiveLimits, DEFAULT_LIMITS } from '../tar/limits.ts';
import { checkGrowth } from '../unpack/digesting.ts';
import { readUncompressed } from './compression.ts';

/** Writes out what a compressed file, open at its beginning, holds. @throws {StoreError} `archive-limit` where it grows beyond what is allowed */
export async function writeUncompressed(source: number, target: string, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<void> {
  const compressed = fstatSync(source).size;
  const fd = openSync(target, 'wx', 0o600);
  let size = 0;
  try {
    for await (const piece of readUncompressed(source)) {
      size += piece.length;
      checkGrowth(compressed, size, limits);
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } finally {
    closeSync(fd);
  }
}
