import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { readHierarchies } from '#sys';
import { appCgroup } from './pod-paths.ts';

const TRIES = 50;
const PAUSE_MS = 10;

/** Removes a pod's cgroups in every hierarchy; kills what still runs in them, which nobody waits for. */
export function removePodCgroups(podCgroup: string): void {
  for (const { path } of readHierarchies()) removeTree(`${path}/${podCgroup}`);
}

/** The same for one of its apps, or of their event handlers. */
export function removeAppCgroup(podCgroup: string, container: string): void {
  for (const { path } of readHierarchies()) removeTree(`${path}${appCgroup(podCgroup, container)}`);
}

function removeTree(directory: string): void {
  const children = childrenOf(directory);
  if (children === undefined) return;
  for (const child of children) removeTree(`${directory}/${child}`);
  for (let tries = 1; !tryRemove(directory); tries++) {
    if (tries === TRIES) return rmdirSync(directory);
    killAll(directory);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** Sub-cgroups; undefined where there is no such cgroup. */
function childrenOf(directory: string): string[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** False where processes are still in it. */
function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    if (isCode(error, 'EBUSY')) return false;
    throw error;
  }
}

function killAll(directory: string): void {
  for (const pid of readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n')) {
    // 0: a process of another pid namespace, which this one cannot name.
    if (Number(pid) > 1) tryKill(Number(pid));
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isCode(error, 'ESRCH')) throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
