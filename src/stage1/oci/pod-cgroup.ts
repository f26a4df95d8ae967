import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { IsolatorValue } from '#appc';
import { messageOf } from '#errors';
import { readTextIfExists, unlessMissing } from '#sys';
import { OciStage1Error } from './errors.ts';
import { type BlockDevice, readBlockDevices } from './host-limits.ts';
import { type Limits, limitsOf } from './resources.ts';

const ROOT = '/sys/fs/cgroup';

/** A value for a file of the pod's cgroup; `controller` by its name in the version. */
export interface CgroupWrite {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

/**
 * What bounds a pod as a whole, above the cgroups of its apps: memory, processor and disks. Pure.
 *
 * The order counts: in v1 an existing quota must fit the period.
 */
export function planPodCgroup(isolators: readonly IsolatorValue[], version: 1 | 2, disks: readonly BlockDevice[]): CgroupWrite[] {
  const limits = limitsOf(isolators);
  return version === 1 ? planVersion1(limits, disks) : planVersion2(limits, disks);
}

function planVersion1({ memory, cpu, blockIo }: Limits, disks: readonly BlockDevice[]): CgroupWrite[] {
  const perDisk = (file: string, rate: number | undefined) =>
    disks.map((disk) => write('blkio', `blkio.throttle.${file}`, rate && `${disk.major}:${disk.minor} ${rate}`));
  return [
    write('memory', 'memory.limit_in_bytes', memory?.limit),
    write('memory', 'memory.soft_limit_in_bytes', memory?.reservation),
    write('cpu', 'cpu.shares', cpu?.shares),
    write('cpu', 'cpu.cfs_period_us', cpu?.period),
    write('cpu', 'cpu.cfs_quota_us', cpu?.quota),
    ...perDisk('read_bps_device', blockIo?.bytesPerSecond),
    ...perDisk('write_bps_device', blockIo?.bytesPerSecond),
    ...perDisk('read_iops_device', blockIo?.operationsPerSecond),
    ...perDisk('write_iops_device', blockIo?.operationsPerSecond),
  ].flat();
}

function planVersion2({ memory, cpu, blockIo }: Limits, disks: readonly BlockDevice[]): CgroupWrite[] {
  const { bytesPerSecond: bytes = 'max', operationsPerSecond: operations = 'max' } = blockIo ?? {};
  const rates = blockIo && `rbps=${bytes} wbps=${bytes} riops=${operations} wiops=${operations}`;
  return [
    write('memory', 'memory.max', memory?.limit),
    write('memory', 'memory.low', memory?.reservation),
    write('cpu', 'cpu.weight', cpu?.shares && weightOf(cpu.shares)),
    write('cpu', 'cpu.max', cpu?.quota && `${cpu.quota} ${cpu.period}`),
    ...disks.map(({ major, minor }) => write('io', 'io.max', rates && `${major}:${minor} ${rates}`)),
  ].flat();
}

function write(controller: string, file: string, value: string | number | undefined): CgroupWrite[] {
  return value === undefined ? [] : [{ controller, file, value: String(value) }];
}

/** 2…262144 of v1 onto 1…10000 of v2, as runtimes do it. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

/** Makes and limits the pod's cgroup, before any of its apps has one below. Nothing is made where nothing is limited. */
export function limitPod(path: string, isolators: readonly IsolatorValue[]): void {
  const isVersion2 = readTextIfExists(`${ROOT}/cgroup.controllers`) !== undefined;
  const disks = limitsOf(isolators).blockIo === undefined ? [] : readBlockDevices();
  for (const { controller, file, value } of planPodCgroup(isolators, isVersion2 ? 2 : 1, disks)) {
    const cgroup = isVersion2 ? makeVersion2(path, controller) : makeVersion1(path, controller);
    try {
      writeFileSync(`${cgroup}/${file}`, value);
    } catch (cause) {
      throw new OciStage1Error('cgroup', `cannot limit the pod, ${file} to ${value}: ${messageOf(cause)}`, { cause });
    }
  }
}

function makeVersion1(path: string, controller: string): string {
  const cgroup = `${ROOT}/${controller}/${path}`;
  mkdirSync(cgroup, { recursive: true });
  return cgroup;
}

/** In v2 a controller works in a cgroup that its parent has it enabled for. */
function makeVersion2(path: string, controller: string): string {
  mkdirSync(`${ROOT}/${path}`, { recursive: true });
  for (const parent of ['', dirname(path)]) {
    const file = `${ROOT}/${parent}/cgroup.subtree_control`;
    const enabled = unlessMissing(() => readFileSync(file, 'utf8'))?.trim().split(' ') ?? [];
    if (!enabled.includes(controller)) writeFileSync(file, `+${controller}`);
  }
  return `${ROOT}/${path}`;
}
