import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the kernel still holds of a directory that should be done with: mounts in it (in any mount
 * namespace of a living process), processes that work in it or were started with its name.
 */
export function findLeaks(directory: string): string[] {
  const seen = new Set<string>();
  const leaks: string[] = [];
  for (const pid of pids()) {
    const namespace = unlessGone(() => readlinkSync(`/proc/${pid}/ns/mnt`)) ?? '';
    if (!seen.has(namespace)) {
      seen.add(namespace);
      leaks.push(...mountsBelow(directory, pid).map((mount) => `mount ${mount} (seen by process ${pid})`));
    }
    const command = processUsing(directory, pid);
    if (command !== undefined) leaks.push(`process ${pid}: ${command}`);
  }
  return leaks;
}

const CGROUP_DEPTH = 5;

/** The control groups of a pod, in every hierarchy: those with the first eight digits of its UUID in their path. */
export function cgroupsOf(uuid: string, directory = '/sys/fs/cgroup', depth = 0): string[] {
  if (directory.includes(uuid.slice(0, 8))) return [directory];
  if (depth > CGROUP_DEPTH) return [];
  const entries = unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  const below = entries.filter((entry) => entry.isDirectory());
  return below.flatMap(({ name }) => cgroupsOf(uuid, join(directory, name), depth + 1));
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
}

function mountsBelow(directory: string, pid: string): string[] {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8')) ?? '';
  return text
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${directory}/`));
}

function processUsing(directory: string, pid: string): string | undefined {
  const command = unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()) ?? '';
  const cwd = unlessGone(() => readlinkSync(`/proc/${pid}/cwd`)) ?? '';
  return command.includes(directory) || `${cwd}/`.startsWith(`${directory}/`) ? command || '(no name)' : undefined;
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
