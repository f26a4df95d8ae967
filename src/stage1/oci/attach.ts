import { connect, type Socket } from 'node:net';
import { existsSync } from 'node:fs';
import { type AttachArgs, type AttachedCaller, type AttachPoint, type FlavorContext, stage1Layout } from '#stage1/abi';
import { readTextIfExists } from '#sys';
import { DetachKeys } from './detach-keys.ts';
import { OciStage1Error } from './errors.ts';

interface Targets {
  readonly version: number;
  readonly targets: readonly { readonly name: 'stdin' | 'stdout' | 'stderr' | 'tty'; readonly domain: string; readonly address: string }[];
}

/** @throws {OciStage1Error} 'not-attachable' */
export function attachPoints({ podDir }: FlavorContext, app: string): string {
  return JSON.stringify(readTargets(podDir, app), undefined, 4);
}

/**
 * Connects the caller with the sockets of the app. Where there is output it ends when all of that has, else when the
 * input has, or when the app has.
 *
 * @throws {OciStage1Error} 'not-attachable', 'not-running'
 */
export async function attach({ podDir }: FlavorContext, args: AttachArgs, caller: AttachedCaller): Promise<void> {
  const points = choosePoints(readTargets(podDir, args.appName), args);
  // A socket's path may have 107 bytes.
  process.chdir(`${podDir}/${stage1Layout.attach(args.appName)}`);
  const tty = points.some((point) => point.startsWith('tty'));
  const names = tty ? (['tty'] as const) : (points as readonly ('stdin' | 'stdout' | 'stderr')[]);
  const sockets = new Map(await Promise.all(names.map(async (name) => [name, await open(name, args.appName)] as const)));
  const sizes = tty ? await open('tty-size', args.appName) : undefined;
  const outputs = tty ? ['tty'] as const : (['stdout', 'stderr'] as const).filter((name) => sockets.has(name));
  const input = sockets.get(tty ? 'tty' : 'stdin');
  const types = tty ? points.includes('tty-in') : input !== undefined;
  const keys = tty && types ? caller.takeKeys?.() : undefined;
  if (sizes !== undefined && keys !== undefined) caller.onSize(({ rows, columns }) => sizes.write(`${rows} ${columns}\n`));
  try {
    const left = types ? send(caller.input, input!, new DetachKeys(keys === undefined ? Buffer.alloc(0) : args.detachKeys), outputs.length === 0) : never;
    const shown = outputs.map((name) => show(sockets.get(name)!, shownAt(caller, name, points)));
    await Promise.race([left, unread(caller), shown.length > 0 ? Promise.all(shown) : ended(input!)]);
  } finally {
    keys?.();
    for (const socket of [...sockets.values(), sizes]) socket?.destroy();
  }
}

const never = new Promise<never>(() => {});

function readTargets(podDir: string, app: string): Targets {
  const text = readTextIfExists(`${podDir}/${stage1Layout.endpoints(app)}`);
  if (text !== undefined) return JSON.parse(text) as Targets;
  throw new OciStage1Error('not-attachable', `there is nothing to attach to in app "${app}"`, {
    hint: 'start the app with --stdin=stream --stdout=stream --stderr=stream, or with --stdin=tty --stdout=tty --stderr=tty',
  });
}

function choosePoints({ targets }: Targets, { appName, points }: AttachArgs): readonly AttachPoint[] {
  const there = targets.flatMap(({ name }) => (name === 'tty' ? (['tty-in', 'tty-out'] as const) : [name]));
  const missing = points?.find((point) => !there.includes(point));
  if (missing === undefined) return points ?? there;
  throw new OciStage1Error('not-attachable', `app "${appName}" has no ${missing} to attach to`, { hint: `it has: ${there.join(', ')}` });
}

async function open(name: string, app: string): Promise<Socket> {
  const path = `sock-${name}`;
  if (!existsSync(path)) throw new OciStage1Error('not-running', `app "${app}" does not run`);
  const socket = connect({ path, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket.off('error', reject).on('error', () => socket.destroy())));
    socket.once('error', reject);
  });
}

function shownAt(caller: AttachedCaller, name: 'tty' | 'stdout' | 'stderr', points: readonly AttachPoint[]): NodeJS.WritableStream | undefined {
  if (name === 'tty' && !points.includes('tty-out')) return undefined;
  return name === 'stderr' ? caller.error : caller.output;
}

/** Waits for the end of a socket, of which all has been handed on then. */
function show(socket: Socket, to: NodeJS.WritableStream | undefined): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve()).once('end', () => (to === undefined ? resolve() : to.write('', () => resolve())));
    socket.on('data', (chunk: Buffer) => {
      if (to === undefined || to.write(chunk)) return;
      socket.pause();
      to.once('drain', () => socket.resume());
    });
  });
}

/** Resolves when nobody reads what is shown any more. */
function unread({ error, output }: AttachedCaller): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [output, error]) stream.on('error', () => resolve());
  });
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()).once('end', () => resolve()).resume());
}

/** Resolves when the caller wants to leave: the end of the input is none of that where there is output to wait for. */
function send(input: NodeJS.ReadableStream, socket: Socket, keys: DetachKeys, isAll: boolean): Promise<void> {
  return new Promise((resolve) => {
    input.on('data', (chunk: Buffer) => {
      const { rest, isComplete } = keys.type(chunk);
      if (rest.length > 0 && !socket.write(rest)) {
        input.pause();
        socket.once('drain', () => input.resume());
      }
      if (isComplete) resolve();
    });
    const end = (): void => void socket.end(() => isAll && resolve());
    input.on('end', end).on('error', end);
  });
}
