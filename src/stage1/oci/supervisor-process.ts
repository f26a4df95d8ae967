import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { stage1Layout } from '#stage1/abi';
import { joinMounts, readTextIfExists, unlessMissing } from '#sys';
import { OciStage1Error } from './errors.ts';

/** The processes of a running pod, in the host's pid namespace. */
export interface PodProcesses {
  readonly supervisor: number | undefined;
  /** Its end is the end of every app. */
  readonly init: number | undefined;
}

/**
 * The pod's processes as its files name them, and as they can be verified: a pid may have gone to another
 * process meanwhile. The supervisor works in the pod's directory; init is a child of it, or of whoever
 * adopted it, and works in no directory of the host.
 */
export function findPodProcesses(podDir: string): PodProcesses {
  const supervisor = readPid(`${podDir}/${stage1Layout.ppid}`);
  const verified = supervisor !== undefined && worksIn(supervisor, podDir) ? supervisor : undefined;
  const init = readPid(`${podDir}/${stage1Layout.pid}`);
  return { supervisor: verified, init: init !== undefined && verified !== undefined && parentOf(init) === verified ? init : undefined };
}

/** The supervisor's pid. @throws {OciStage1Error} 'not-running' */
export function requireSupervisor(podDir: string): number {
  const { supervisor } = findPodProcesses(podDir);
  if (supervisor === undefined) throw new OciStage1Error('not-running', 'the pod is not running');
  return supervisor;
}

/**
 * Takes this process to the mounts of the pod, its working directory to the pod's; gives the supervisor's pid.
 *
 * @throws {OciStage1Error} 'not-running'
 */
export function joinPodMounts(podDir: string): number {
  const supervisor = requireSupervisor(podDir);
  const namespace = unlessMissing(() => openSync(`/proc/${supervisor}/ns/mnt`, 'r'));
  // Opened first and asked again: had the pid gone to another process in between, this would tell.
  if (namespace === undefined || requireSupervisor(podDir) !== supervisor) {
    throw new OciStage1Error('not-running', 'the pod is not running');
  }
  joinMounts(namespace);
  closeSync(namespace);
  process.chdir(podDir);
  return supervisor;
}

function readPid(file: string): number | undefined {
  const pid = Number(readTextIfExists(file)?.trim());
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function worksIn(pid: number, directory: string): boolean {
  const own = unlessMissing(() => statSync(`/proc/${pid}/cwd`));
  const pod = unlessMissing(() => statSync(directory));
  return own !== undefined && pod !== undefined && own.ino === pod.ino && own.dev === pod.dev;
}

/** proc(5), stat: the second field is a name in parentheses and may hold anything. */
function parentOf(pid: number): number | undefined {
  const stat = unlessMissing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
