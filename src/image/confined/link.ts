import type { Duplex } from 'node:stream';

/** Bytes before each frame: its kind (one), the stream it belongs to (four) and its length (four), big endian. */
const HEADER = 9;
const MESSAGE = 0;
const DATA = 1;
/** The biggest message has an image manifest or a configuration in it. */
const MESSAGE_LIMIT = 32 << 20;
const DATA_LIMIT = 1 << 20;

export interface LinkReader {
  /** A JSON value. */
  message(value: unknown): void;
  /** A piece of a stream. */
  data(stream: number, piece: Buffer): void;
}

interface Frame {
  readonly kind: number;
  readonly stream: number;
  /** Bytes still to come. */
  left: number;
  readonly pieces: Buffer[];
}

/**
 * Messages (JSON) and streams of bytes over one socket, in order.
 *
 * What the other end sends may be hostile: a frame too long, or that is no JSON, destroys the socket with an error.
 */
export class Link {
  readonly #socket: Duplex;
  readonly #reader: LinkReader;
  readonly #holders = new Set<object>();
  #header = Buffer.alloc(0);
  #frame: Frame | undefined;

  constructor(socket: Duplex, reader: LinkReader) {
    this.#socket = socket;
    this.#reader = reader;
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  send(message: object): void {
    this.#write(MESSAGE, 0, Buffer.from(JSON.stringify(message)));
  }

  /** Sends a piece of a stream; settles when more may be sent. */
  async sendData(stream: number, piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length; at += DATA_LIMIT) {
      if (this.#write(DATA, stream, piece.subarray(at, at + DATA_LIMIT))) continue;
      await new Promise<void>((resolve) => {
        this.#socket.once('drain', resolve);
        this.#socket.once('close', resolve);
      });
    }
  }

  /** Nothing more is taken as long as someone holds it. */
  hold(holder: object): void {
    this.#holders.add(holder);
    this.#socket.pause();
  }

  letGo(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#socket.resume();
  }

  #write(kind: number, stream: number, body: Buffer): boolean {
    if (this.#socket.destroyed) return true;
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(kind, 0);
    header.writeUInt32BE(stream, 1);
    header.writeUInt32BE(body.length, 5);
    this.#socket.cork();
    this.#socket.write(header);
    const ready = this.#socket.write(body);
    this.#socket.uncork();
    return ready;
  }

  #take(received: Buffer): void {
    try {
      for (let piece = received; piece.length > 0 && !this.#socket.destroyed; ) {
        piece = this.#frame === undefined ? this.#takeHeader(piece) : this.#takeBody(this.#frame, piece);
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
    const [kind, stream, length] = [header.readUInt8(0), header.readUInt32BE(1), header.readUInt32BE(5)];
    if (kind > DATA || length === 0 || length > (kind === DATA ? DATA_LIMIT : MESSAGE_LIMIT)) throw new Error('a frame that is none');
    this.#frame = { kind, stream, left: length, pieces: [] };
    return piece.subarray(missing);
  }

  #takeBody(frame: Frame, piece: Buffer): Buffer {
    const part = piece.subarray(0, frame.left);
    frame.left -= part.length;
    if (frame.left === 0) this.#frame = undefined;
    if (frame.kind === DATA) this.#reader.data(frame.stream, part);
    else {
      frame.pieces.push(part);
      if (frame.left === 0) this.#reader.message(JSON.parse(Buffer.concat(frame.pieces).toString()));
    }
    return piece.subarray(part.length);
  }
}
