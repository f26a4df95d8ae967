import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface VmResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The host's end of the port on which agent.sh listens. */
export class Agent {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (result: VmResult) => void>();
  #next = 0;
  /** Settles when the machine is up. */
  readonly ready: Promise<void>;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.on('error', () => {});
    this.ready = new Promise((resolve) => {
      createInterface(this.#socket).on('line', (line) => {
        if (line === 'ready') resolve();
        else this.#answer(line);
      });
    });
  }

  run(script: string): Promise<VmResult> {
    const id = String(this.#next++);
    const result = new Promise<VmResult>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.write(`${id} ${Buffer.from(script).toString('base64')}\n`);
    return result;
  }

  #answer(line: string): void {
    const [id = '', status, output = '', errors = ''] = line.split(' ');
    const text = (base64: string): string => Buffer.from(base64.slice(1), 'base64').toString();
    this.#waiting.get(id)?.({ status: Number(status), stdout: text(output), stderr: text(errors) });
    this.#waiting.delete(id);
  }

  close(): void {
    this.#socket.destroy();
  }
}
