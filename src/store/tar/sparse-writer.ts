import { BLOCK } from './header.ts';
import type { SparsePiece } from './sparse.ts';

export type { SparsePiece } from './sparse.ts';

/** Holes are whole blocks of so many zeros: those of the usual file systems. */
const GRAIN = 4096;
const ZEROS = Buffer.alloc(GRAIN);

/** PAX sparse 1.0: the map before the data, a number a line, padded to whole blocks. */
export function renderSparseMap(pieces: readonly SparsePiece[]): Buffer {
  const numbers = [pieces.length, ...pieces.flatMap(({ position, length }) => [position, length])];
  const text = Buffer.from(`${numbers.join('\n')}\n`);
  return Buffer.concat([text, Buffer.alloc((BLOCK - (text.length % BLOCK)) % BLOCK)]);
}

/** Finds the pieces of a file that is read from its beginning to its end. What counts is content, not what is allocated. */
export class SparseScan {
  readonly #pieces: { position: number; length: number }[] = [];
  #position = 0;

  /** @param chunk whole blocks of 4,096 bytes; only the last may be shorter */
  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += GRAIN) {
      const block = chunk.subarray(at, at + GRAIN);
      if (!block.equals(ZEROS.subarray(0, block.length))) this.#add(block.length);
      this.#position += block.length;
    }
  }

  #add(length: number): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.position + last.length === this.#position) last.length += length;
    else this.#pieces.push({ position: this.#position, length });
  }

  /** The pieces. A file that ends in a hole has an empty one at its end, as GNU tar writes it. */
  finish(): SparsePiece[] {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.position + last.length === this.#position) return this.#pieces;
    return [...this.#pieces, { position: this.#position, length: 0 }];
  }
}
