import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from '../clock.ts';
import type { Command } from '../engine.ts';
import { allPids, parentOf } from '../measures/pods.ts';

export interface Daemon {
  /** The daemon and every process below it. */
  pids(): number[];
  stop(): Promise<void>;
}

const START_TIMEOUT = 30_000;

/** Starts a peer's daemon for this run only and waits until it answers. */
export async function startDaemon(program: string, args: readonly string[], answers: Command): Promise<Daemon> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-2000)));
  let ended = false;
  const end = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve())).then(() => void (ended = true));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await end;
    clearTimeout(timer);
  };
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    try {
      await execute(answers);
      return { pids: () => withDescendants(child.pid!), stop };
    } catch {
      if (ended || Date.now() > deadline) {
        await stop();
        throw new Error(`${program} does not start: ${said.trim().slice(-500)}`);
      }
      await sleep(200);
    }
  }
}

function withDescendants(root: number): number[] {
  const parents = new Map(allPids().map((pid) => [pid, parentOf(pid)]));
  const found = [root];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}
