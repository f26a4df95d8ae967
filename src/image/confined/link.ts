import type { Duplex } from 'node:stream';

/** Bytes before each message: its length, big endian. */
const HEADER = 4;
/** The biggest message has an image manifest or a configuration in it. */
const MESSAGE_LIMIT = 32 << 20;

/**
 * Messages (JSON) over one socket, in order.
 *
 * What the other end sends may be hostile: a message too long, or that is no JSON, destroys the socket with an error.
 */
export class Link {
  readonly #socket: Duplex;
  readonly #receive: (message: unknown) => void;
  #header = Buffer.alloc(0);
  #message: { left: number; readonly pieces: Buffer[] } | undefined;

  constructor(socket: Duplex, receive: (message: unknown) => void) {
    this.#socket = socket;
    this.#receive = receive;
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  send(message: object): void {
    if (this.#socket.destroyed) return;
    const body = Buffer.from(JSON.stringify(message));
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(body.length);
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #take(received: Buffer): void {
    try {
      for (let piece = received; piece.length > 0 && !this.#socket.destroyed; ) {
        piece = this.#message === undefined ? this.#takeHeader(piece) : this.#takeBody(this.#message, piece);
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #takeHeader(piece: Buffer): Buffer {
    const missing = HEADER - this.#header.length;
    const header = Buffer.concat([this.#header, piece.subarray(0, missing)]);
    this.#header = header;
    if (header.length < HEADER) return piece.subarray(missing);
    this.#header = Buffer.alloc(0);
    const left = header.readUInt32BE();
    if (left === 0 || left > MESSAGE_LIMIT) throw new Error('a message that is none');
    this.#message = { left, pieces: [] };
    return piece.subarray(missing);
  }

  #takeBody(message: { left: number; readonly pieces: Buffer[] }, piece: Buffer): Buffer {
    const part = piece.subarray(0, message.left);
    message.left -= part.length;
    message.pieces.push(part);
    if (message.left === 0) {
      this.#message = undefined;
      this.#receive(JSON.parse(Buffer.concat(message.pieces).toString()));
    }
    return piece.subarray(part.length);
  }
}
