import { readFileSync } from 'node:fs';
import type { Hierarchy } from './cgroup.ts';

/** What the processes of a cgroup have used and hold. What the kernel does not count is absent. */
export interface CgroupUsage {
  /** Nanoseconds of processors, since it was made. */
  readonly cpuNs?: bigint;
  /** Bytes in use that could not be given up at once. */
  readonly memory?: number;
  /** Bytes; that of the nearest cgroup above which has the lowest. */
  readonly memoryLimit?: number;
  /** Bytes from and to disks, since it was made. */
  readonly read?: number;
  readonly written?: number;
  /** Processes and threads. */
  readonly pids?: number;
}

/** From this on a limit of version 1 is none: the largest there is, in pages. */
const UNLIMITED = 2 ** 62;

/**
 * What a cgroup has used; undefined where there is none of that path in any hierarchy.
 *
 * @param cgroup relative to the root of each hierarchy
 */
export function readCgroupUsage(cgroup: string, hierarchies: readonly Hierarchy[]): CgroupUsage | undefined {
  const version2 = hierarchies.find(({ version }) => version === 2);
  const of = <T>(controller: string, version1: (directory: string) => T, other: (root: string) => T): T | undefined => {
    const own = hierarchies.find(({ controllers }) => controllers.includes(controller));
    if (own !== undefined) return version1(`${own.path}/${cgroup}`);
    return version2 === undefined ? undefined : other(version2.path);
  };
  const usage: CgroupUsage = {
    ...of('cpuacct', processorTime1, (root) => processorTime2(`${root}/${cgroup}`)),
    ...of('memory', memory1, (root) => memory2(root, cgroup)),
    ...of('blkio', disks1, (root) => disks2(`${root}/${cgroup}`)),
    ...of('pids', processes, (root) => processes(`${root}/${cgroup}`)),
  };
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function processorTime1(directory: string): CgroupUsage {
  const text = readText(`${directory}/cpuacct.usage`);
  return text === undefined ? {} : { cpuNs: BigInt(text.trim()) };
}

function processorTime2(directory: string): CgroupUsage {
  const usec = valueOf(`${directory}/cpu.stat`, 'usage_usec');
  return usec === undefined ? {} : { cpuNs: BigInt(usec) * 1000n };
}

function memory1(directory: string): CgroupUsage {
  const limit = valueOf(`${directory}/memory.stat`, 'hierarchical_memory_limit') ?? UNLIMITED;
  return {
    ...inUse(numberIn(`${directory}/memory.usage_in_bytes`), valueOf(`${directory}/memory.stat`, 'total_inactive_file')),
    ...(limit < UNLIMITED ? { memoryLimit: limit } : {}),
  };
}

function memory2(root: string, cgroup: string): CgroupUsage {
  const directory = `${root}/${cgroup}`;
  const names = cgroup.split('/');
  const limits = names.flatMap((_, depth) => numberIn(`${root}/${names.slice(0, depth + 1).join('/')}/memory.max`) ?? []);
  return {
    ...inUse(numberIn(`${directory}/memory.current`), valueOf(`${directory}/memory.stat`, 'inactive_file')),
    ...(limits.length > 0 ? { memoryLimit: Math.min(...limits) } : {}),
  };
}

/** Contents of files that nobody has read again lately go as soon as somebody needs the memory. */
function inUse(all: number | undefined, inactiveFiles = 0): CgroupUsage {
  return all === undefined ? {} : { memory: Math.max(0, all - inactiveFiles) };
}

/** Lines as `253:0 Read 4096`: none where the kernel limits no disk, for then (from 6.10 on) it does not count them either. */
function disks1(directory: string): CgroupUsage {
  const text = readText(`${directory}/blkio.throttle.io_service_bytes`);
  if (text === undefined) return {};
  if (!/^\d+:/m.test(text)) return disksOfProcesses(directory);
  return { read: sumOf(text, /^\d+:\d+ Read (\d+)$/gm), written: sumOf(text, /^\d+:\d+ Write (\d+)$/gm) };
}

/** By the processes there are, and their children that they have waited for (proc_pid_io(5)). Only root may see it. */
function disksOfProcesses(directory: string): CgroupUsage {
  const pids = readText(`${directory}/cgroup.procs`)?.trim().split('\n') ?? [];
  const texts = pids.flatMap((pid) => readText(`/proc/${pid}/io`) ?? []).join('');
  if (texts === '') return {};
  return { read: sumOf(texts, /^read_bytes: (\d+)$/gm), written: sumOf(texts, /^write_bytes: (\d+)$/gm) };
}

/** Lines as `253:0 rbytes=4096 wbytes=0 …`. */
function disks2(directory: string): CgroupUsage {
  const text = readText(`${directory}/io.stat`);
  return text === undefined ? {} : { read: sumOf(text, /\brbytes=(\d+)/g), written: sumOf(text, /\bwbytes=(\d+)/g) };
}

function processes(directory: string): CgroupUsage {
  const pids = numberIn(`${directory}/pids.current`);
  return pids === undefined ? {} : { pids };
}

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0);
}

/** A file that holds one number; undefined for `max`, and where there is no such file. */
function numberIn(file: string): number | undefined {
  const text = readText(file)?.trim();
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** The number behind a key in a file of `key number` lines. */
function valueOf(file: string, key: string): number | undefined {
  const match = new RegExp(`^${key} (\\d+)$`, 'm').exec(readText(file) ?? '');
  return match === null ? undefined : Number(match[1]);
}

/** A cgroup that is removed while its file is open has no such device, a process no such process. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
