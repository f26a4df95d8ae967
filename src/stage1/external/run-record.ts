import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { readTextIfExists, unlessMissing, writeFileAtomic } from '#sys';
import { ExternalStage1Error } from './errors.ts';

/** Relative to the pod: which process `run` became, and the mounts it had then. */
const RUN_RECORD = 'stage1/run.json';

interface RunRecord {
  readonly pid: number;
  /** In clock ticks since the machine started; with it the pid means one process only. */
  readonly startTime: string;
  /** `mnt:[4026532000]` */
  readonly mounts: string;
}

/** By the process that is about to become the stage1, among the mounts it will have. */
export function writeRunRecord(podDir: string): void {
  const record: RunRecord = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', mounts: readlinkSync('/proc/thread-self/ns/mnt') };
  writeFileAtomic(`${podDir}/${RUN_RECORD}`, `${JSON.stringify(record)}\n`);
}

/** Whether the stage1 of a pod was ever run. */
export function hasRun(podDir: string): boolean {
  return readTextIfExists(`${podDir}/${RUN_RECORD}`) !== undefined;
}

/**
 * The mounts that rkt made for the pod, open; undefined where the process it became has ended or has left them.
 *
 * Into no others may rkt go: what a process of the pod mounts by itself may have anything at the paths of the
 * entrypoints, which are executed as the host's root.
 */
export function openPodMounts(podDir: string): number | undefined {
  const record = readRecord(podDir);
  if (record === undefined || !(record.pid > 1)) return undefined;
  const namespace = unlessMissing(() => openSync(`/proc/${record.pid}/ns/mnt`, 'r'));
  if (namespace === undefined) return undefined;
  // Opened first and looked at then: had the pid gone to another process in between, this would tell.
  if (readlinkSync(`/proc/self/fd/${namespace}`) === record.mounts && startTimeOf(record.pid) === record.startTime) return namespace;
  closeSync(namespace);
  return undefined;
}

/** Whether this process is the one that rkt became, among the mounts that rkt made for it. */
export function hasPodMounts(podDir: string): boolean {
  const record = readRecord(podDir);
  return record?.pid === process.pid && record.mounts === readlinkSync('/proc/thread-self/ns/mnt') && record.startTime === startTimeOf(process.pid);
}

/** @throws {ExternalStage1Error} no-mounts */
export function requirePodMounts(podDir: string): void {
  const namespace = openPodMounts(podDir);
  if (namespace === undefined) throw new ExternalStage1Error('no-mounts', 'the stage1 of the pod has left the mounts it was started with: apps cannot be mounted there');
  closeSync(namespace);
}

/** Undefined also where a crash of the machine has cut it off: its processes went as well. */
function readRecord(podDir: string): RunRecord | undefined {
  const text = readTextIfExists(`${podDir}/${RUN_RECORD}`);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as RunRecord);
  } catch {
    return undefined;
  }
}

/** proc(5), stat: the second field is a name in parentheses and may hold anything. */
function startTimeOf(pid: number): string | undefined {
  const stat = unlessMissing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
