import { Readable } from 'node:stream';
import type { Link } from './link.ts';

const BUFFERED = 4 << 20;

/** The bytes of one layer out of a link. Where they are not taken as fast as they come, the link is held up. */
export class LayerStream extends Readable {
  readonly #link: Link;
  readonly #onClose: () => void;
  /** Told of the length of each piece. */
  onReceive: (length: number) => void = () => {};

  constructor(link: Link, onClose: () => void) {
    super({ highWaterMark: BUFFERED });
    this.#link = link;
    this.#onClose = onClose;
  }

  receive(piece: Buffer): void {
    this.onReceive(piece.length);
    if (!this.push(piece)) this.#link.hold(this);
  }

  end(): void {
    this.push(null);
  }

  override _read(): void {
    this.#link.letGo(this);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#link.letGo(this);
    this.#onClose();
    done(error);
  }
}
