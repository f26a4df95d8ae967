import { createHash, type Hash } from 'node:crypto';
import { StoreError } from '../store-error.ts';
import type { ArchiveLimits } from '../tar/limits.ts';
import type { HashName } from './protocol.ts';

/** Counts and hashes bytes that pass by. */
export class Digesting {
  readonly #hash: Hash | undefined;
  size = 0;

  constructor(name: HashName | undefined) {
    this.#hash = name === undefined ? undefined : createHash(name);
  }

  update(piece: Buffer): void {
    this.size += piece.length;
    this.#hash?.update(piece);
  }

  hex(): string | undefined {
    return this.#hash?.digest('hex');
  }
}

/** @throws {StoreError} `archive-limit` for an archive that grows beyond what is allowed */
export function checkGrowth(compressed: number, unpacked: number, limits: ArchiveLimits): void {
  if (unpacked > limits.unpackedBytes) {
    throw new StoreError('archive-limit', `the archive is larger than ${limits.unpackedBytes} bytes when unpacked`);
  }
  if (unpacked > limits.ratioFromBytes && unpacked > compressed * limits.ratio) {
    throw new StoreError('archive-limit', `the archive grows to more than ${limits.ratio} times its size`);
  }
}
