import type { Duplex, Readable } from 'node:stream';
import type { Self } from '#store';
import { startProgram } from '#sys';
import type { Report } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { planWorkerArguments, planWorkerEnvironment } from './confinement.ts';
import { LayerStream } from './layer-stream.ts';
import { Link } from './link.ts';
import {
  badMessage,
  checkCount,
  checkObject,
  checkText,
  fromWire,
  type ParentMessage,
  printable,
  toWire,
  type WorkerRequest,
} from './messages.ts';

/** Opens the bytes of the layer of a call from a position on; `discarded` says that those before are wanted again. */
export type OpenLayer = (from: number) => Promise<{ readonly discarded: boolean; readonly bytes: LayerStream }>;

/** What a worker may ask for, by name. Arguments are whatever it sent: each handler checks its own. */
export type CallHandlers = Readonly<Record<string, (argument: unknown, open: OpenLayer) => unknown>>;

export interface WorkerStart {
  readonly self: Self;
  readonly request: WorkerRequest;
  readonly report: Report;
  readonly handlers: CallHandlers;
  /** The file it is given, and one that it may write to. */
  readonly fd?: number | undefined;
  readonly copyFd?: number | undefined;
}

const STDERR_KEPT = 4096;
const MOST_CALLS = 4096;

/**
 * Has work done by this program started anew, confined, and gives what it says the result is: unchecked.
 *
 * @throws what the worker failed with; what a handler threw comes through as it is
 */
export async function runWorker(start: WorkerStart): Promise<unknown> {
  const { self, request, fd, copyFd } = start;
  const child = startProgram(self.confine, planWorkerArguments(self, request, process.env), {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', fd ?? 'ignore', copyFd ?? 'ignore'],
    env: planWorkerEnvironment(process.env),
  });
  let stderr = '';
  (child.stderr as Readable).setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < STDERR_KEPT) stderr += text;
  });
  const socket = child.stdio[3] as Duplex;
  const work = new Work(socket, start);
  const ended = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      reject(new ImageError('bad-answer', [`the process that fetches ${how}`, printable(stderr.trim())].filter(Boolean).join(': ')));
    });
  });
  try {
    return await Promise.race([work.result, ended]);
  } catch (error) {
    throw work.ownFailure ?? error;
  } finally {
    work.stop();
    child.kill('SIGKILL');
    socket.destroy();
    await new Promise((resolve) => (child.exitCode === null && child.signalCode === null && child.pid !== undefined ? child.once('exit', resolve) : resolve(undefined)));
  }
}

interface Opening {
  readonly stream: LayerStream;
  settle(opened: { discarded: boolean; bytes: LayerStream }): void;
  fail(error: unknown): void;
}

/** The conversation with one worker. */
class Work {
  readonly result: Promise<unknown>;
  /** What a handler threw: truer than what the worker makes of it. */
  ownFailure: unknown;
  readonly #start: WorkerStart;
  readonly #link: Link;
  readonly #openings = new Map<number, Opening>();
  readonly #settled = Promise.withResolvers<unknown>();
  #calls = 0;

  constructor(socket: Duplex, start: WorkerStart) {
    this.#start = start;
    this.result = this.#settled.promise;
    // It may be that nobody waits for it any more.
    this.result.catch(() => {});
    this.#link = new Link(socket, {
      message: (value) => this.#message(checkObject(value)),
      data: (id, piece) => this.#openings.get(id)?.stream.receive(piece),
    });
    this.#link.send(start.request);
  }

  stop(): void {
    for (const id of this.#openings.keys()) this.#break(id, new Error('the process that fetches is gone'));
  }

  #message(message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'report':
        return this.#report(message);
      case 'progress':
        return this.#progress(message);
      case 'call':
        return void this.#call(message);
      case 'opened':
        return this.#opened(message);
      case 'end':
        return this.#openings.get(checkCount(message['id']))?.stream.end();
      case 'broken':
        return this.#break(checkCount(message['id']), fromWire(message['error']));
      case 'result':
        return this.#settled.resolve(message['value']);
      case 'failure':
        return this.#settled.reject(fromWire(message['error']));
      default:
        throw badMessage();
    }
  }

  #report({ level, text }: Record<string, unknown>): void {
    if (level !== 'info' && level !== 'debug') throw badMessage();
    this.#start.report[level](printable(checkText(text)));
  }

  #progress({ id, done, total }: Record<string, unknown>): void {
    this.#start.report.progress({
      kind: 'aci',
      id: printable(checkText(id)),
      done: checkCount(done),
      total: total === undefined ? undefined : checkCount(total),
    });
  }

  async #call({ id: number, name, argument }: Record<string, unknown>): Promise<void> {
    const id = checkCount(number);
    try {
      const { handlers } = this.#start;
      if (typeof name !== 'string' || !Object.hasOwn(handlers, name) || ++this.#calls > MOST_CALLS) throw badMessage();
      const value = (await handlers[name]!(argument, (from) => this.#open(id, from))) ?? null;
      this.#send({ type: 'answer', id, value });
    } catch (error) {
      this.ownFailure ??= error;
      this.#send({ type: 'refusal', id, error: toWire(error) });
    }
  }

  #open(id: number, from: number): ReturnType<OpenLayer> {
    const stream = new LayerStream(this.#link, () => {
      this.#openings.delete(id);
      this.#send({ type: 'close', id });
    });
    this.#send({ type: 'open', id, from });
    return new Promise((settle, fail) => this.#openings.set(id, { stream, settle, fail }));
  }

  /** Whether or not it has been opened by now. */
  #break(id: number, error: unknown): void {
    const opening = this.#openings.get(id);
    opening?.stream.end({ error });
    opening?.fail(error);
  }

  #opened({ id, discarded }: Record<string, unknown>): void {
    const opening = this.#openings.get(checkCount(id));
    opening?.settle({ discarded: discarded === true, bytes: opening.stream });
  }

  #send(message: ParentMessage): void {
    this.#link.send(message);
  }
}
