import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type RunOptions, type RunResult } from './run.ts';

/** A moment in a program's life: just before its n-th call (from 1) of a system call. */
export interface KillPoint {
  readonly call: string;
  readonly nth: number;
  /** The call with its arguments, as strace(1) shows it. */
  readonly text: string;
}

/** What changes the world outside the process; of the files that are opened only those that may be made. */
const CALLS = (
  'rename renameat renameat2 mkdir mkdirat mount umount2 unshare setns execve flock link linkat symlink symlinkat ' +
  'unlink unlinkat rmdir fsync syncfs clone fork vfork write pwrite64 openat fchmod chmod utimensat'
).split(' ');

/** Runs the program to its end and gives the points at which it could have been killed, in their order. */
export async function findKillPoints(program: string, args: readonly string[], options: RunOptions = {}): Promise<KillPoint[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-strace-'));
  const log = join(directory, 'log');
  try {
    const result = await run('strace', ['-qq', '-o', log, '-e', 'signal=none', '-e', `trace=${CALLS.join(',')}`, program, ...args], options);
    if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${result.status}\n${result.output}`);
    return pointsOf(readFileSync(log, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function pointsOf(log: string): KillPoint[] {
  const counts = new Map<string, number>();
  return log.split('\n').flatMap((text) => {
    const call = /^(\w+)\(/.exec(text)?.[1];
    if (call === undefined) return [];
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    return matters(call, text) ? [{ call, nth, text }] : [];
  });
}

/** Not the first execve, which is the program itself, nor what libuv's threads tell each other. */
function matters(call: string, text: string): boolean {
  if (text.includes(' = -1 ')) return false;
  if (call === 'openat') return text.includes('O_CREAT');
  return !/^write\(\d+, "(\\1\\0\\0\\0\\0\\0\\0\\0|\*)"/.test(text);
}

/** Runs the program, but no further than to the point; what it started may live on. */
export function runKilledAt(point: KillPoint, program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const inject = `inject=${point.call}:signal=KILL:when=${point.nth}`;
  return run('strace', ['-qq', '-o', '/dev/null', '-e', `trace=${point.call}`, '-e', inject, program, ...args], options);
}

/** All of them where `$RKT_SWEEP` is `all`, else so many, spread evenly. */
export function sampleOf(points: readonly KillPoint[], most: number): KillPoint[] {
  if (process.env['RKT_SWEEP'] === 'all' || points.length <= most) return [...points];
  return Array.from({ length: most }, (_, at) => points[Math.floor((at + 0.5) * (points.length / most))]!);
}
