import { closeSync, constants, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import type { CasLayout } from '../layout.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import type { LayerDigest, PartialLayer } from '../types.ts';

const CHUNK = 1 << 18;

/** The bytes of a layer that have arrived, in a file that outlives a killed download. */
export class PartialFile implements PartialLayer {
  readonly path: string;
  readonly #layout: CasLayout;
  #fd: number | undefined;
  #size: number;

  constructor(layout: CasLayout, digest: LayerDigest) {
    this.#layout = layout;
    this.path = layout.partial(digest);
    this.#size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get size(): number {
    return this.#size;
  }

  /** The bytes held now. */
  *read(): Generator<Buffer> {
    const end = this.#size;
    if (end === 0) return;
    const fd = openSync(this.path, 'r');
    try {
      for (let at = 0; at < end; ) {
        const piece = Buffer.allocUnsafe(Math.min(CHUNK, end - at));
        const length = readSync(fd, piece, 0, piece.length, at);
        if (length === 0) return;
        at += length;
        yield piece.subarray(0, length);
      }
    } finally {
      closeSync(fd);
    }
  }

  append(piece: Uint8Array): void {
    this.#fd ??= this.#open();
    for (let done = 0; done < piece.length; ) {
      const written = writeSync(this.#fd, piece, done, piece.length - done);
      done += written;
      this.#size += written;
    }
  }

  #open(): number {
    makeStoreDirectory(this.#layout.root, this.#layout.temporary);
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    return openSync(this.path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, FILE_MODE);
  }

  discard(): void {
    this.close();
    rmSync(this.path, { force: true });
    this.#size = 0;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
