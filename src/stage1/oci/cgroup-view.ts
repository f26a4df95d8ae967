import { existsSync, readFileSync } from 'node:fs';
import { MNT_DETACH, readTextIfExists, unmount } from '#sys';
import type { Runtime } from './runtime.ts';

const UNIFIED = '/sys/fs/cgroup/unified';
/** Where cgroup v2 is on a host that has nothing else, and one controller of a host that has v1. */
const UNITED = '/sys/fs/cgroup';
const MEMORY = '/sys/fs/cgroup/memory';

/**
 * Hides a hybrid host's cgroup v2 tree from the runtime where it has controllers, for crun then refuses to
 * start ("cgroups in hybrid mode not supported"). The v1 controllers, which do the work, stay.
 *
 * To be called in a mount namespace of one's own.
 */
export function coverHybridCgroups(runtime: Runtime): void {
  if (runtime.kind !== 'crun') return;
  if ((readTextIfExists(`${UNIFIED}/cgroup.controllers`) ?? '').trim() !== '') unmount(UNIFIED, MNT_DETACH);
}

/** A cgroup hierarchy that is mounted here. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
}

/** Where cgroup hierarchies are mounted, from the text of /proc/self/mountinfo (proc(5)). */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const hierarchies: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    const match = /^\d+ \d+ \S+ \/ (\S+) .* - (cgroup2?) /.exec(line);
    if (match) hierarchies.push({ path: unescapeOctal(match[1]!), version: match[2] === 'cgroup' ? 1 : 2 });
  }
  return hierarchies;
}

export function readHierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** The kernel can give an app cgroup paths of its own (cgroup_namespaces(7)). */
export function hasCgroupNamespaces(): boolean {
  return existsSync('/proc/self/ns/cgroup');
}

/** The file in which the kernel counts what it killed in a cgroup for want of memory. */
export function memoryEventsFile(cgroup: string): string {
  const isVersion1 = existsSync(MEMORY);
  return isVersion1 ? `${MEMORY}${cgroup}/memory.oom_control` : `${UNITED}${cgroup}/memory.events`;
}

/** The file that lists the processes in a cgroup. */
export function processesFile(cgroup: string): string {
  return `${existsSync(MEMORY) ? MEMORY : UNITED}${cgroup}/cgroup.procs`;
}
