import { existsSync } from 'node:fs';
import { isInUserNamespace, MNT_DETACH, mount, readTextIfExists, unmount } from '#sys';
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
  // Mounts of the host can be covered in a user namespace, and not be taken away.
  if (isInUserNamespace()) mount({ source: 'none', target: UNIFIED, type: 'tmpfs', data: 'size=4k' });
  else unmount(UNIFIED, MNT_DETACH);
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
