import { type Stats, statSync } from 'node:fs';
import { type FlavorContext, type StopArgs, stage1Layout } from '#stage1/abi';
import { listDirectory, readTextIfExists } from '#sys';
import { FlyError } from './errors.ts';
import { readPodApp } from './pod-app.ts';

/**
 * Asks the app to end, or what it has left behind; `force`: ends all of it. What belongs to the pod is told by its root
 * directory: a pid or a process group may be another's by now. Among the pod's mounts.
 */
export async function stop({ podDir }: FlavorContext, { force, uuid }: StopArgs): Promise<void> {
  const root = statSync(readPodApp(podDir).rootfs);
  const all = listDirectory('/proc').filter((name) => /^\d+$/.test(name) && hasRoot(name, root));
  if (all.length === 0) throw new FlyError('not-running', `cannot stop pod "${uuid}": it is not running`);
  const leader = readTextIfExists(`${podDir}/${stage1Layout.pid}`)?.trim() ?? '';
  for (const pid of !force && all.includes(leader) ? [leader] : all) signal(Number(pid), force ? 'SIGKILL' : 'SIGTERM');
}

function hasRoot(pid: string, root: Stats): boolean {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/root/`);
    return dev === root.dev && ino === root.ino;
  } catch {
    // It has ended meanwhile, or is a thread of the kernel.
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
