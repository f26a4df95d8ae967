import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from '../clock.ts';
import type { Command, Opened } from '../engine.ts';

/** The app of a running pod; the number tells it from any other sleep of the machine. */
export const APP = ['/bin/sleep', '8640017'] as const;

const START_TIMEOUT = 120_000;

/** Starts pods, so many at a time, and waits until all their apps run. Gives milliseconds in all. */
export async function startPods(engine: Opened, count: number, parallel: number, prefix: string): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await startPod(engine.start!(`${prefix}${next++}`, APP));
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker));
  return performance.now() - started;
}

/** Ends when the app runs: the command has then ended or, where it stays, has the app as its child. */
async function startPod({ background, ...command }: Command & { readonly background?: boolean }): Promise<void> {
  if (background !== true) return void (await execute(command));
  const [program = '', ...args] = command.argv;
  const child = spawn(program, args, { env: { ...process.env, ...command.env }, stdio: 'ignore', detached: true });
  child.unref();
  const end = Date.now() + START_TIMEOUT;
  while (!hasApp(child.pid!)) {
    if (Date.now() > end) throw new Error(`${command.argv.join(' ')}: no app after ${START_TIMEOUT} ms`);
    await sleep(2);
  }
}

function hasApp(pid: number): boolean {
  const children = read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.some(isApp);
}

/** Waits until no app of a pod is left. */
export async function untilStopped(): Promise<void> {
  const end = Date.now() + START_TIMEOUT;
  while (appPids().length > 0) {
    if (Date.now() > end) throw new Error(`${appPids().length} apps still run`);
    await sleep(10);
  }
}

export function allPids(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

const APP_COMMAND = APP.join('\0');

/** Processes that are an app themselves; a supervisor that has the app's command among its own arguments is none. */
export function appPids(): number[] {
  return allPids().filter(isApp);
}

function isApp(pid: number): boolean {
  const command = read(pid, 'cmdline').replace(/\0$/, '');
  return command === APP_COMMAND || command === APP_COMMAND.slice('/bin/'.length);
}

/** The processes above the apps, this one and those above it left out, and all below them that are no apps. */
export function besideApps(): number[] {
  const parents = new Map(allPids().map((pid) => [pid, parentOf(pid)]));
  const above = (pid: number): number[] => {
    const line: number[] = [];
    for (let at = parents.get(pid) ?? 0; at > 1 && at !== process.pid; at = parents.get(at) ?? 0) line.push(at);
    return line;
  };
  const ours = new Set(above(process.pid));
  const apps = new Set(appPids());
  const roots = new Set([...apps].flatMap(above).filter((pid) => !ours.has(pid)));
  return [...parents.keys()].filter((pid) => !apps.has(pid) && [pid, ...above(pid)].some((at) => roots.has(at)));
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? 0);
}

/** Proportional set size, MB: pages that several processes share are divided among them. */
export function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) / 1024;
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
