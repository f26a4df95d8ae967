import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rktProgram } from '#tests/support';
import type { Scene } from './scene.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An rkt that runs beside the test: what a service manager or a scheduler has. */
export interface RunningPod {
  readonly uuid: string;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
}

/** Starts `rkt ARGS` and waits until the pod is ready. Without a UUID, ARGS is a `run` whose UUID is read from its file. */
export async function startRkt(scene: Scene, args: readonly string[], uuid?: string): Promise<RunningPod> {
  const file = scene.home.file(`uuid-${process.hrtime.bigint()}`);
  const [command = '', ...rest] = args;
  const all = uuid === undefined ? [command, `--uuid-file-save=${file}`, ...rest] : args;
  const child = spawn(rktProgram(), [...scene.home.flags, '--insecure-options=image', ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  const found = uuid ?? (await readUuid(file, child, output));
  await scene.rkt(['status', '--wait-ready=30s', found]);
  return { uuid: found, process: child, ended, output };
}

async function readUuid(file: string, child: ChildProcess, output: { stderr: string }): Promise<string> {
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (text.length === 36) return text;
    if (child.exitCode !== null) throw new Error(`rkt ended with ${child.exitCode}: ${output.stderr}`);
    await sleep(20);
  }
}
