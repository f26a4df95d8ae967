import { StoreError } from '../store-error.ts';
import type { Compression } from './protocol.ts';

/** What comes out of it in pieces, each only lent till the next. */
export interface Decompressor {
  /** @throws {StoreError} `hostile-archive` */
  push(piece: Buffer, take: (piece: Buffer) => void): void;
  /** Says that nothing more comes. @throws {StoreError} `hostile-archive` where it was cut */
  finish(take: (piece: Buffer) => void): void;
}

/** Node's default of 16 KiB makes inflating nearly twice as dear. */
const CHUNK = 1 << 18;
const NOTHING = Buffer.alloc(0);

/** Undoes a compression, all at once and in this thread. node:zlib is loaded by the first that needs it. */
export async function openDecompressor(compression: Compression): Promise<Decompressor> {
  if (compression === 'none') return { push: (piece, take) => take(piece), finish: () => {} };
  const zlib = await import('node:zlib');
  const { Z_SYNC_FLUSH, Z_FINISH, ZSTD_e_continue, ZSTD_e_flush } = zlib.constants;
  if (compression === 'gzip') return new HandleDecompressor(zlib.createGunzip(), Z_SYNC_FLUSH, Z_FINISH);
  return new HandleDecompressor(zlib.createZstdDecompress(), ZSTD_e_continue, ZSTD_e_flush);
}

/** What a stream of node:zlib works by, as `gunzipSync` does too. */
interface Handle {
  onerror: (message: string) => void;
  writeSync(flush: number, input: Buffer, at: number, length: number, output: Buffer, outputAt: number, room: number): void;
}

/**
 * Takes the decompressor out of a stream of Node's, and the stream away: that hands each piece to another thread and
 * back and makes new memory for what comes out, which takes more time than gzip itself.
 */
class HandleDecompressor implements Decompressor {
  readonly #handle: Handle;
  /** Room left in the output and bytes left of the input, after a call. */
  readonly #left: Uint32Array;
  readonly #flush: number;
  readonly #last: number;
  readonly #output = Buffer.allocUnsafeSlow(CHUNK);
  #ended = false;

  constructor(stream: object, flush: number, last: number) {
    const { _handle, _writeState } = stream as { _handle: Handle; _writeState: Uint32Array };
    this.#handle = _handle;
    this.#left = _writeState;
    this.#flush = flush;
    this.#last = last;
    _handle.onerror = (message) => {
      throw new StoreError('hostile-archive', `the archive cannot be decompressed: ${message}`);
    };
  }

  push(piece: Buffer, take: (piece: Buffer) => void): void {
    this.#run(this.#flush, piece, take);
  }

  finish(take: (piece: Buffer) => void): void {
    this.#run(this.#last, NOTHING, take);
  }

  #run(flush: number, piece: Buffer, take: (piece: Buffer) => void): void {
    for (let at = 0, room = 0; room === 0 && !this.#ended; ) {
      this.#handle.writeSync(flush, piece, at, piece.length - at, this.#output, 0, CHUNK);
      room = this.#left[0]!;
      at = piece.length - this.#left[1]!;
      if (room < CHUNK) take(this.#output.subarray(0, CHUNK - room));
      // Neither short of room nor of input: what is left is padding after the end.
      this.#ended = room > 0 && at < piece.length;
    }
  }
}
