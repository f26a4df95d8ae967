import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP server of the loopback that writes what it is told to, HTTP or not. */
export class RudeServer implements AsyncDisposable {
  readonly port: number;
  /** Answers the next requests: what comes of each is up to it. */
  answer: (request: string, socket: Socket) => void = (_, socket) => void socket.destroy();
  readonly #sockets = new Set<Socket>();
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async start(): Promise<RudeServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
    const rude = new RudeServer((server.address() as AddressInfo).port, close);
    server.on('connection', (socket) => rude.#take(socket));
    return rude;
  }

  /** Connections that clients still hold open. */
  get connections(): number {
    return this.#sockets.size;
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      if (!socket.destroyed) this.answer(bytes.toString('latin1'), socket);
    });
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.#close();
  }
}

/** Writes until the other side goes. */
export function writeForEver(socket: Socket, piece: string): void {
  const more = (): void => {
    if (!socket.writable) return;
    if (socket.write(piece)) setImmediate(more);
    else socket.once('drain', more);
  };
  more();
}

/** Writes a byte now and then until the other side goes. */
export function drip(socket: Socket): void {
  const timer = setInterval(() => {
    if (socket.writable) socket.write('x');
    else clearInterval(timer);
  }, 20);
  socket.on('close', () => clearInterval(timer));
}
