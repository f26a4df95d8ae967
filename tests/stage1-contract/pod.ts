import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rktProgram } from '#tests/support';
import type { Scene } from '../functional/scene.ts';

/** An rkt that runs beside the test. */
export interface StartedPod {
  readonly uuid: string;
  /** What rkt became. */
  readonly pid: number;
  /** In `run`, absolute. */
  readonly directory: string;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
  /** Kills every process of the pod, in no order. */
  kill(): void;
}

/** Starts `rkt ARGS` and waits until it has said `up`: of a stage1 nobody can ask whether its apps have started. */
export async function startPod(scene: Scene, args: readonly string[], mark = 'up\n'): Promise<StartedPod> {
  const file = scene.home.file(`uuid-${process.hrtime.bigint()}`);
  const [command, ...rest] = args[0] === 'app' ? ['app', ...args.slice(1)] : args;
  const words = command === 'app' ? ['app', rest[0]!, `--uuid-file-save=${file}`, ...rest.slice(1)] : [command!, `--uuid-file-save=${file}`, ...rest];
  const child = spawn(rktProgram(), [...scene.home.flags, '--insecure-options=image', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const uuid = await until(() => (existsSync(file) && readFileSync(file, 'utf8').length === 36 ? readFileSync(file, 'utf8') : undefined), child, output);
  await until(() => (output.stdout.includes(mark) ? true : undefined), child, output);
  const pid = child.pid!;
  const kill = (): void => {
    for (const each of descendantsOf(pid)) {
      try {
        process.kill(each, 'SIGKILL');
      } catch {
        // It went with another.
      }
    }
  };
  return { uuid, pid, directory: join(scene.home.dataDir, 'pods/run', uuid), output, ended, kill };
}

async function until<T>(look: () => T | undefined, child: { readonly exitCode: number | null }, output: { stderr: string }): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (child.exitCode !== null) throw new Error(`rkt ended with ${child.exitCode}: ${output.stderr}`);
    await sleep(20);
  }
}

function descendantsOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter((word) => word !== ''));
    return [pid, ...children.flatMap((child) => descendantsOf(Number(child)))];
  } catch {
    return [];
  }
}
