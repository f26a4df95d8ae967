import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds until the program is killed. */
  readonly timeout?: number;
}

export interface RunResult {
  /** The exit status; 128 + N where a signal ended it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams as they came in. */
  readonly output: string;
}

const DEFAULT_TIMEOUT = 60_000;

/**
 * Runs a program to its end. Its whole process group is killed when the time is up, because one that
 * left children behind would keep the pipes open for ever.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, env, cwd, timeout = DEFAULT_TIMEOUT } = options;
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const chunks = { stdout: '', stderr: '', output: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      chunks[name] += text;
      chunks.output += text;
    });
  }
  child.stdin?.on('error', () => {}).end(input);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      reject(new Error(`${program} ${args.join(' ')}: not done after ${timeout} ms\n${chunks.output}`));
    }, timeout);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? 128 + constants.signals[signal!], signal, ...chunks });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}
