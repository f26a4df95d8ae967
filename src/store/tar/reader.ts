import { hostileEntry, StoreError } from '../store-error.ts';
import { entryOf, type Extended, sizeOf } from './attributes.ts';
import { type Body, GatheredBody, MappedBody, PlainBody, SkippedBody, SparseBody } from './body.ts';
import type { TarSink } from './entry.ts';
import { BLOCK, isZeroBlock, parseHeader, type RawHeader } from './header.ts';
import type { ArchiveLimits } from './limits.ts';
import { parseNumber } from './number.ts';
import { type PaxRecord, parsePaxRecords } from './pax.ts';
import { checkPieces, parseOldSparse, type SparseInfo, sparseOf, type SparsePiece } from './sparse.ts';

const EMPTY = Buffer.alloc(0);
const NOTHING: Extended = { records: [] };

/**
 * Reads a tar archive that is pushed into it and hands its entries to a sink, all synchronously.
 *
 * It knows ustar, GNU (long names, base 256, old sparse) and PAX (with sparse 0.0, 0.1 and 1.0). Content is
 * not copied: a small file arrives as one slice of the pushed chunk.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #limits: ArchiveLimits;
  #partial: Buffer = EMPTY;
  #remaining = 0;
  #padding = 0;
  #body: Body | undefined;
  #oldSparse: { header: RawHeader; pieces: SparsePiece[]; realSize: number } | undefined;
  #extended: Extended = NOTHING;
  #global: readonly PaxRecord[] = [];
  #entries = 0;
  #offset = 0;
  #ended = false;

  constructor(sink: TarSink, limits: ArchiveLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Bytes read: while an entry is handed on, the place of its data in the archive. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws {StoreError} `hostile-archive` or `archive-limit`; the reader is of no use after that */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#body !== undefined) at = this.#pushBody(chunk, at);
      else if (this.#padding > 0) at = this.#skipPadding(chunk, at);
      else at = this.#pushBlock(chunk, at);
    }
  }

  /**
   * Says that nothing more will come.
   *
   * @throws {StoreError} `hostile-archive` where the archive stops within an entry, or, if `whole` is asked
   *   for, without the zero block that ends one
   */
  finish(options: { whole: boolean }): void {
    const between = this.#body === undefined && this.#partial.length === 0 && this.#oldSparse === undefined;
    const pending = this.#padding > 0 || this.#extended !== NOTHING;
    if (!between || pending || (options.whole && !this.#ended)) {
      throw new StoreError('hostile-archive', 'the archive is truncated');
    }
  }

  #pushBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#offset += end - at;
    this.#body!.take(chunk.subarray(at, end));
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#endBody();
    return end;
  }

  #endBody(): void {
    const body = this.#body!;
    this.#body = undefined;
    body.end();
  }

  #skipPadding(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#padding);
    this.#offset += end - at;
    this.#padding -= end - at;
    return end;
  }

  #pushBlock(chunk: Buffer, at: number): number {
    if (this.#partial.length === 0 && chunk.length - at >= BLOCK) {
      this.#block(chunk.subarray(at, at + BLOCK));
      return at + BLOCK;
    }
    const end = Math.min(chunk.length, at + BLOCK - this.#partial.length);
    const block = Buffer.concat([this.#partial, chunk.subarray(at, end)]);
    this.#partial = block.length < BLOCK ? block : EMPTY;
    if (block.length === BLOCK) this.#block(block);
    return end;
  }

  #block(block: Buffer): void {
    this.#offset += BLOCK;
    if (this.#oldSparse !== undefined) return this.#sparseBlock(block, 0, 21, 504);
    if (isZeroBlock(block)) {
      this.#ended = true;
      return;
    }
    if (this.#ended) throw new StoreError('hostile-archive', 'the archive has data after its end');
    this.#header(parseHeader(block), block);
  }

  #header(header: RawHeader, block: Buffer): void {
    switch (header.type) {
      case 'x':
        return this.#gather(header, (body) => {
          const records = [...this.#extended.records, ...parsePaxRecords(body)];
          this.#extended = { ...this.#extended, records };
        });
      case 'g':
        return this.#gather(header, (body) => {
          this.#global = [...new Map([...this.#global, ...parsePaxRecords(body)])];
        });
      case 'L':
        return this.#gather(header, (body) => {
          this.#extended = { ...this.#extended, longName: untilNul(body) };
        });
      case 'K':
        return this.#gather(header, (body) => {
          this.#extended = { ...this.#extended, longLink: untilNul(body) };
        });
      case 'V':
        return this.#start(header.size, new SkippedBody());
      case 'S':
        return this.#oldSparseHeader(header, block);
      default:
        return this.#entry(header);
    }
  }

  #gather(header: RawHeader, done: (body: Buffer) => void): void {
    if (header.size > this.#limits.extendedHeaderBytes) {
      const limit = this.#limits.extendedHeaderBytes;
      throw new StoreError('archive-limit', `the archive has an extended header of more than ${limit} bytes`);
    }
    this.#start(header.size, new GatheredBody(done));
  }

  #oldSparseHeader(header: RawHeader, block: Buffer): void {
    const realSize = parseNumber(block.subarray(483, 495));
    if (realSize === undefined || realSize < 0) throw hostileEntry(header.name, 'its real size is not a number');
    this.#oldSparse = { header, pieces: [], realSize };
    this.#sparseBlock(block, 386, 4, 482);
  }

  #sparseBlock(block: Buffer, at: number, count: number, moreAt: number): void {
    const { header, pieces, realSize } = this.#oldSparse!;
    pieces.push(...parseOldSparse(block, at, count));
    if (pieces.length > this.#limits.sparsePieces) {
      throw new StoreError('archive-limit', `the archive has a sparse file of more than ${this.#limits.sparsePieces} pieces`);
    }
    if (block[moreAt] !== 0) return;
    this.#oldSparse = undefined;
    this.#entry(header, { realSize, pieces });
  }

  #entry(header: RawHeader, oldSparse?: SparseInfo): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) {
      throw new StoreError('archive-limit', `the archive has more than ${this.#limits.entries} entries`);
    }
    const extended = this.#takeExtended();
    const isFile = header.type === '0' || header.type === '7' || header.type === 'S';
    const sparse = oldSparse ?? (isFile && extended.records.length > 0 ? sparseOf(extended.records) : undefined);
    const size = sizeOf(header, extended);
    const entry = entryOf(header, extended, sparse, this.#limits);
    this.#sink.entry(entry);
    if (entry.type === 'file') return this.#start(size, this.#fileBody(size, sparse));
    this.#sink.endEntry();
    // A GNU dump directory lists its names as data.
    this.#start(size, new SkippedBody());
  }

  #takeExtended(): Extended {
    const own = this.#extended;
    this.#extended = NOTHING;
    return this.#global.length === 0 ? own : { ...own, records: [...this.#global, ...own.records] };
  }

  #fileBody(size: number, sparse: SparseInfo | undefined): Body {
    if (sparse === undefined) return new PlainBody(this.#sink);
    if (sparse.pieces === 'in-data') {
      return new MappedBody(this.#sink, { data: size, real: sparse.realSize }, this.#limits.sparsePieces);
    }
    checkPieces(sparse.pieces, sparse.realSize, size);
    return new SparseBody(this.#sink, sparse.pieces);
  }

  #start(size: number, body: Body): void {
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    this.#remaining = size;
    this.#body = body;
    if (size === 0) this.#endBody();
  }
}

function untilNul(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return end < 0 ? body : body.subarray(0, end);
}
