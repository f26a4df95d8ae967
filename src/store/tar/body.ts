import { StoreError } from '../store-error.ts';
import type { TarSink } from './entry.ts';
import { checkPieces, parseInDataMap, type SparsePiece } from './sparse.ts';

/** Takes the data that follows a header, in pieces of any size. */
export interface Body {
  take(piece: Buffer): void;
  end(): void;
}

/** A plain file's content goes to the sink as it comes. */
export class PlainBody implements Body {
  readonly #sink: TarSink;
  #position = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  take(piece: Buffer): void {
    this.#sink.data(piece, this.#position);
    this.#position += piece.length;
  }

  end(): void {
    this.#sink.endEntry();
  }
}

/** Data of an entry nobody wants. */
export class SkippedBody implements Body {
  take(): void {}
  end(): void {}
}

/** An extension header, gathered whole; its size is limited before. */
export class GatheredBody implements Body {
  readonly #pieces: Buffer[] = [];
  readonly #done: (body: Buffer) => void;

  constructor(done: (body: Buffer) => void) {
    this.#done = done;
  }

  take(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece));
  }

  end(): void {
    this.#done(Buffer.concat(this.#pieces));
  }
}

/** A sparse file whose map is known: each byte of data goes to its place. */
export class SparseBody implements Body {
  readonly #sink: TarSink;
  readonly #pieces: readonly SparsePiece[];
  #index = 0;
  #within = 0;

  constructor(sink: TarSink, pieces: readonly SparsePiece[]) {
    this.#sink = sink;
    this.#pieces = pieces;
  }

  take(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const target = this.#pieces[this.#index]!;
      const length = Math.min(target.length - this.#within, piece.length - at);
      if (length > 0) this.#sink.data(piece.subarray(at, at + length), target.position + this.#within);
      at += length;
      this.#within += length;
      if (this.#within === target.length) {
        this.#index += 1;
        this.#within = 0;
      }
    }
  }

  end(): void {
    this.#sink.endEntry();
  }
}

/** PAX sparse 1.0: the map stands before the data, in blocks of its own. */
export class MappedBody implements Body {
  readonly #sink: TarSink;
  readonly #size: { data: number; real: number };
  readonly #piecesLimit: number;
  #head: Buffer = Buffer.alloc(0);
  #tryAt = 512;
  #rest: SparseBody | undefined;

  constructor(sink: TarSink, size: { data: number; real: number }, piecesLimit: number) {
    this.#sink = sink;
    this.#size = size;
    this.#piecesLimit = piecesLimit;
  }

  take(piece: Buffer): void {
    if (this.#rest !== undefined) return this.#rest.take(piece);
    this.#head = Buffer.concat([this.#head, piece]);
    if (this.#head.length < this.#tryAt) return;
    this.#parse();
    // Each try reads all there is: doubling keeps a long map that comes in small pieces linear.
    this.#tryAt = this.#head.length * 2;
  }

  #parse(): void {
    const map = parseInDataMap(this.#head, this.#piecesLimit);
    if (map === undefined) return;
    checkPieces(map.pieces, this.#size.real, this.#size.data - map.bytes);
    this.#rest = new SparseBody(this.#sink, map.pieces);
    this.#rest.take(this.#head.subarray(map.bytes));
    this.#head = Buffer.alloc(0);
  }

  end(): void {
    if (this.#rest === undefined) this.#parse();
    if (this.#rest === undefined) throw new StoreError('hostile-archive', 'the archive has a sparse file without its map');
    this.#rest.end();
  }
}
