import { closeSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import type { FillLayer, GrowingLayer, Self } from '#store';
import { openDescriptorSockets, sendDescriptors, startProgram } from '#sys';
import type { Report } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { planWorkerArguments, planWorkerEnvironment } from './confinement.ts';
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

/**
 * What a worker may ask for, by name. Arguments are whatever it sent: each handler checks its own. `fill` has the worker
 * append the bytes of the layer of this call.
 */
export type CallHandlers = Readonly<Record<string, (argument: unknown, fill: FillLayer) => unknown>>;

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
/** Milliseconds that a worker may live on without a connection. */
const PATIENCE = 2_000;

/**
 * Has work done by this program started anew, confined, and gives what it says the result is: unchecked.
 *
 * @throws what the worker failed with; what a handler threw comes through as it is
 */
export async function runWorker(start: WorkerStart): Promise<unknown> {
  const { self, request, fd, copyFd } = start;
  const [descriptors, theirs] = request.kind === 'pull-image' ? openDescriptorSockets() : [];
  const child = startProgram(self.confine, planWorkerArguments(self, request, process.env), {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', fd ?? 'ignore', theirs ?? copyFd ?? 'ignore'],
    env: planWorkerEnvironment(process.env),
  });
  if (theirs !== undefined) closeSync(theirs);
  let stderr = '';
  (child.stderr as Readable).setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < STDERR_KEPT) stderr += text;
  });
  const socket = child.stdio[3] as Duplex;
  const work = new Work(socket, descriptors, start);
  const ended = new Promise<never>((_, reject) => {
    // Why it has hung up, it says when it ends.
    socket.on('error', (error) => !hasHungUp(error) && reject(error));
    socket.once('close', () => setTimeout(() => child.kill('SIGKILL'), PATIENCE).unref());
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
    if (descriptors !== undefined) closeSync(descriptors);
    await new Promise((resolve) => (child.exitCode === null && child.signalCode === null && child.pid !== undefined ? child.once('exit', resolve) : resolve(undefined)));
  }
}

function hasHungUp({ code = '' }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

type Filling = ReturnType<typeof Promise.withResolvers<void>>;

/** The conversation with one worker. */
class Work {
  readonly result: Promise<unknown>;
  /** What a handler threw: truer than what the worker makes of it. */
  ownFailure: unknown;
  readonly #start: WorkerStart;
  readonly #link: Link;
  /** By which files are handed to a worker that pulls. */
  readonly #descriptors: number | undefined;
  readonly #fillings = new Map<number, Filling>();
  readonly #settled = Promise.withResolvers<unknown>();
  #calls = 0;
  #filled = 0;

  constructor(socket: Duplex, descriptors: number | undefined, start: WorkerStart) {
    this.#start = start;
    this.#descriptors = descriptors;
    this.result = this.#settled.promise;
    // It may be that nobody waits for it any more.
    this.result.catch(() => {});
    this.#link = new Link(socket, (value) => this.#message(checkObject(value)));
    this.#link.send(start.request);
  }

  stop(): void {
    for (const filling of this.#fillings.values()) filling.reject(new Error('the process that fetches is gone'));
  }

  #message(message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'report':
        return this.#report(message);
      case 'progress':
        return this.#progress(message);
      case 'call':
        return void this.#call(message);
      case 'filled':
        return this.#fillings.get(checkCount(message['filling']))?.resolve();
      case 'broken':
        return this.#fillings.get(checkCount(message['filling']))?.reject(fromWire(message['error']));
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
      kind: this.#start.request.kind === 'push-image' ? 'upload' : 'aci',
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
      const value = (await handlers[name]!(argument, (file, signal) => this.#fill(id, file, signal))) ?? null;
      this.#send({ type: 'answer', id, value });
    } catch (error) {
      this.ownFailure ??= error;
      this.#send({ type: 'refusal', id, error: toWire(error) });
    }
  }

  async #fill(id: number, { fd, wakeFd, size }: GrowingLayer, signal: AbortSignal): Promise<void> {
    if (this.#descriptors === undefined) throw badMessage();
    const filling = ++this.#filled;
    const settled = Promise.withResolvers<void>();
    this.#fillings.set(filling, settled);
    // Sent before the message, so that they are there when it is read.
    sendDescriptors(this.#descriptors, [fd, wakeFd]);
    this.#send({ type: 'fill', filling, id, from: size });
    signal.addEventListener('abort', () => {
      this.#send({ type: 'stop', filling });
      settled.resolve();
    });
    try {
      await settled.promise;
    } finally {
      this.#fillings.delete(filling);
    }
  }

  #send(message: ParentMessage): void {
    this.#link.send(message);
  }
}
