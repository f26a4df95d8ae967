import type { Link } from './link.ts';

/** Bytes that wait before the link is held up, and until it is let go of again. */
const HIGH = 2 << 20;
const LOW = 1 << 20;

/**
 * The bytes of one layer out of a link, to be read once, piece by piece as they came: a stream of Node's would join
 * them anew. Where they are not taken as fast as they come, the link is held up.
 */
export class LayerStream implements AsyncIterable<Uint8Array> {
  readonly #link: Link;
  readonly #onClose: () => void;
  readonly #pieces: Buffer[] = [];
  #waiting = 0;
  #ending: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};
  /** Told of the length of each piece. */
  onReceive: (length: number) => void = () => {};

  /** @param onClose is called when nothing more is wanted */
  constructor(link: Link, onClose: () => void) {
    this.#link = link;
    this.#onClose = onClose;
  }

  receive(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    if (this.#waiting > HIGH) this.#link.hold(this);
    this.onReceive(piece.length);
    this.#wake();
  }

  /** Nothing comes any more; with an error where something was to come. */
  end(ending: { readonly error?: unknown } = {}): void {
    this.#ending ??= ending;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
          this.#waiting -= piece.length;
          if (this.#waiting < LOW) this.#link.letGo(this);
          yield piece;
        }
        if (this.#ending !== undefined) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#ending.error !== undefined) throw this.#ending.error;
    } finally {
      this.#link.letGo(this);
      this.#onClose();
    }
  }
}
