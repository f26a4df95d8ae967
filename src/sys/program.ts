import { accessSync, constants } from 'node:fs';
import { delimiter } from 'node:path';

/** child_process costs milliseconds to load, so it is loaded by the first program that is run. */
function childProcess(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process');
}

export interface ProgramOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until the program is killed. */
  readonly timeout?: number;
}

export interface InheritingOptions extends ProgramOptions {
  /** A descriptor the program gets as its number 3: a lock that is to be held for as long as it works, say. */
  readonly inherit?: number;
}

export interface ProgramResult {
  /** The exit status; 128 + N when signal N ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and collects what it printed. @throws where it cannot be started */
export function runProgramSync(path: string, args: readonly string[], options: ProgramOptions = {}): ProgramResult {
  const result = childProcess().spawnSync(path, args, {
    ...options,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  if (result.error !== undefined && result.status === null && result.signal === null) throw result.error;
  return {
    status: statusOf(result.status, result.signal),
    stdout: result.stdout.toString(),
    stderr: result.stderr.toString(),
  };
}

/** Runs a program to its end with the standard streams of this one; gives its exit status. @throws where it cannot be started */
export function runProgramHere(path: string, args: readonly string[], options: Omit<ProgramOptions, 'input'> = {}): number {
  const result = childProcess().spawnSync(path, args, { ...options, stdio: 'inherit' });
  if (result.error !== undefined && result.status === null && result.signal === null) throw result.error;
  return statusOf(result.status, result.signal);
}

/** As {@link runProgramSync}, without holding up the event loop. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: InheritingOptions = {},
): Promise<ProgramResult> {
  const { input, inherit, ...rest } = options;
  const child = childProcess().spawn(path, args, {
    ...rest,
    stdio: ['pipe', 'pipe', 'pipe', ...(inherit === undefined ? [] : [inherit])],
  }) as import('node:child_process').ChildProcessWithoutNullStreams;
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.stderr.push(chunk));
  // A program that ends without reading its input is no error of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(statusOf(code, signal)));
  });
  return {
    status,
    stdout: Buffer.concat(output.stdout).toString(),
    stderr: Buffer.concat(output.stderr).toString(),
  };
}

/** Starts a program and hands out its streams: for what flows (a decompressor, an unpacker). */
export function startProgram(
  path: string,
  args: readonly string[],
  options: import('node:child_process').SpawnOptions,
): import('node:child_process').ChildProcess {
  return childProcess().spawn(path, args, options);
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  const { signals } = process.getBuiltinModule('node:os').constants;
  return 128 + (signal === null ? 0 : signals[signal]);
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where a program is, by PATH and then the system's usual directories; undefined where it is not. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  for (const directory of `${path}${delimiter}${SYSTEM_PATH}`.split(delimiter)) {
    if (!directory.startsWith('/')) continue;
    const candidate = `${directory}/${name}`;
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}
