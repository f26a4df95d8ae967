import { fstatSync } from 'node:fs';
import { writeWhole } from '#sys';
import { type ArchiveLimits, DEFAULT_LIMITS } from '../tar/limits.ts';
import { checkGrowth } from '../unpack/digesting.ts';
import { readUncompressed } from './compression.ts';

/** Writes what a compressed file, open at its beginning, holds into another one. @throws {StoreError} `archive-limit` where it grows beyond what is allowed */
export async function writeUncompressed(source: number, target: number, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<void> {
  const compressed = fstatSync(source).size;
  let size = 0;
  await readUncompressed(source, (piece) => {
    size += piece.length;
    checkGrowth(compressed, size, limits);
    writeWhole(target, piece);
  });
}
