import { existsSync } from 'node:fs';
import { mount, MS, readTextIfExists } from '#sys';
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
  if ((readTextIfExists(`${UNIFIED}/cgroup.controllers`) ?? '').trim() === '') return;
  // Covered and not taken away: below it is a file system of the host's, in which the runtime would leave directories.
  mount({ source: 'none', target: UNIFIED, type: 'tmpfs', flags: MS.NOSUID | MS.NODEV | MS.NOEXEC, data: 'mode=755,size=16m' });
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
