import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findLeaks } from './leaks.ts';
import { run, type RunOptions, type RunResult } from './run.ts';

export interface RktOptions extends RunOptions {
  /** The exit status that is expected, 0 unless given; any other throws with the whole output. */
  readonly status?: number | 'any';
}

/** The rkt that is tested: `$RKT`, else what the build made. */
export function rktProgram(): string {
  return process.env['RKT'] ?? resolve(import.meta.dirname, '../../dist/rkt');
}

/** An rkt of its own: a data directory and configuration directories that nothing else uses. */
export interface Home extends AsyncDisposable {
  readonly path: string;
  readonly dataDir: string;
  readonly localConfig: string;
  readonly systemConfig: string;
  readonly userConfig: string;
  /** The global flags that lead here. */
  readonly flags: readonly string[];
  file(name: string): string;
  rkt(args: readonly string[], options?: RktOptions): Promise<RunResult>;
}

/**
 * Makes a home. Disposing stops and collects every pod in it, fails if anything of it is still mounted,
 * running or otherwise held by the kernel, and removes it.
 */
export function openHome(): Home {
  const path = mkdtempSync(join(tmpdir(), 'rkt-test-'));
  const directory = (name: string): string => {
    mkdirSync(join(path, name));
    return join(path, name);
  };
  const dirs = {
    dataDir: directory('data'),
    localConfig: directory('local'),
    systemConfig: directory('system'),
    userConfig: directory('user'),
  };
  const flags = [
    `--dir=${dirs.dataDir}`,
    `--local-config=${dirs.localConfig}`,
    `--system-config=${dirs.systemConfig}`,
    `--user-config=${dirs.userConfig}`,
  ];
  const home: Home = {
    path,
    ...dirs,
    flags,
    file: (name) => join(path, name),
    rkt: (args, options = {}) => runRkt([...flags, ...args], options),
    [Symbol.asyncDispose]: () => closeHome(home),
  };
  return home;
}

async function runRkt(args: readonly string[], { status = 0, ...options }: RktOptions): Promise<RunResult> {
  const result = await run(rktProgram(), args, options);
  if (status === 'any' || result.status === status) return result;
  throw new Error(`rkt ${args.join(' ')}: exit status ${result.status}, not ${status}\n${result.output}`);
}

async function closeHome(home: Home): Promise<void> {
  if (existsSync(join(home.dataDir, 'pods'))) {
    const { stdout } = await home.rkt(['list', '--full', '--no-legend'], { status: 'any' });
    const running = stdout.split('\n').filter((line) => /\trunning\t/.test(line)).map((line) => line.split('\t')[0]!);
    if (running.length > 0) await home.rkt(['stop', '--force', ...running], { status: 'any' });
    for (const uuid of running) await home.rkt(['status', '--wait=15s', uuid], { status: 'any' });
    await collectPods(home);
  }
  const leaks = await lastingLeaks(home.path);
  if (leaks.length > 0) throw new Error(`left behind by ${home.path}:\n  ${leaks.join('\n  ')}`);
  rmSync(home.path, { recursive: true });
}

/** A process that was killed ends late where its share of a processor is small: until then gc leaves the pod for later. */
async function collectPods(home: Home): Promise<void> {
  const garbage = join(home.dataDir, 'pods', 'exited-garbage');
  for (const deadline = Date.now() + COLLECTION_PATIENCE; ; ) {
    const gc = await home.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'], { status: 'any' });
    const isOver = !existsSync(garbage) || readdirSync(garbage).length === 0 || Date.now() > deadline;
    if (isOver && (gc.status !== 0 || gc.output.includes('not removed'))) throw new Error(`rkt gc left ${home.path} behind: ${gc.output}`);
    if (isOver) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const COLLECTION_PATIENCE = 10_000;

/** Milliseconds in which pods of tests that run beside this one come to their end. */
const PATIENCE = 30_000;

/**
 * What is still held after a while: a mount namespace that another test's pod took while something was mounted
 * here has a copy of it until that pod ends.
 */
async function lastingLeaks(directory: string): Promise<string[]> {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    const leaks = findLeaks(directory);
    if (leaks.length === 0 || Date.now() > deadline) return leaks;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
