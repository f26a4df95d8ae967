import { readFileSync } from 'node:fs';
import { type App, isolatorsOf, type IsolatorValue } from '#appc';
import { parseCapabilityMask } from '#security';
import { readTextIfExists } from '#sys';

/** The cgroup controller that an isolator needs. */
const CONTROLLERS: Readonly<Record<string, string>> = { memory: 'memory', cpu: 'cpu', 'cpu-shares': 'cpu' };

/** The isolators of an app; one whose controller the host lacks is told to the user and left out. */
export function supportedIsolators(app: App, warn: (text: string) => void): IsolatorValue[] {
  let controllers: ReadonlySet<string> | undefined;
  return isolatorsOf(app).filter(({ kind }) => {
    const needed = CONTROLLERS[kind];
    if (needed === undefined || (controllers ??= availableControllers()).has(needed)) return true;
    warn(`warning: resource/${needed} isolator set but support disabled in the kernel, skipping`);
    return false;
  });
}

/** v1 controllers by the lines of /proc/self/cgroup, v2 ones by the root's file (cgroups(7)). */
function availableControllers(): ReadonlySet<string> {
  const v1 = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(':')[1]?.split(',') ?? []);
  const v2 = readTextIfExists('/sys/fs/cgroup/cgroup.controllers')?.trim().split(' ') ?? [];
  return new Set([...v1, ...v2]);
}

/** What this process may hand on: its own bounding set. */
export function ownCapabilities(): string[] {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return parseCapabilityMask(hex ?? '0');
}
