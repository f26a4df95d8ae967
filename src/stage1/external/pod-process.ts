import { closeSync, readFileSync } from 'node:fs';
import { stage1Layout } from '#stage1/abi';
import { flock, openForLock, readTextIfExists, unlessMissing } from '#sys';
import { ExternalStage1Error } from './errors.ts';

/** How long a pod that has just been started may take until it names a process. Milliseconds. */
const START_TIMEOUT = 10_000;

/** The process by which a pod is entered, as its stage1 names it, now or in a moment. @throws {ExternalStage1Error} no-process */
export async function waitForProcess(podDir: string): Promise<number> {
  for (const deadline = Date.now() + START_TIMEOUT; ; ) {
    const pid = findProcess(podDir);
    if (pid !== undefined) return pid;
    if (Date.now() > deadline || !isRunning(podDir)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new ExternalStage1Error('no-process', 'unable to determine the pid of the pod: its stage1 has written neither "pid" nor "ppid"', {
    hint: 'or "ppid" names a process that has not one child',
  });
}

/** That of the file `pid`, else the only child of that of the file `ppid`. */
function findProcess(podDir: string): number | undefined {
  const pid = readPid(`${podDir}/${stage1Layout.pid}`);
  if (pid !== undefined) return pid;
  const parent = readPid(`${podDir}/${stage1Layout.ppid}`);
  const children = parent === undefined ? undefined : unlessMissing(() => readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8'));
  const [child, ...others] = children?.trim().split(' ').map(Number) ?? [];
  return child !== undefined && child > 0 && others.length === 0 ? child : undefined;
}

function readPid(file: string): number | undefined {
  const pid = Number(readTextIfExists(file)?.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

function isRunning(podDir: string): boolean {
  const fd = unlessMissing(() => openForLock(podDir, 'directory'));
  if (fd === undefined) return false;
  const free = flock(fd, 'shared');
  closeSync(fd);
  return !free;
}
