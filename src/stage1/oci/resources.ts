import type { IsolatorValue } from '#appc';
import type { DeviceRule } from '#security';
import type { OciResources } from './config-types.ts';

/** Microseconds. */
const CPU_PERIOD = 100_000;
const MILLI = 1000;

/** The limits of an app's cgroup. */
export function planResources(isolators: readonly IsolatorValue[], devices: readonly DeviceRule[]): OciResources {
  const resources: { devices: readonly DeviceRule[]; memory?: { limit: number }; cpu?: Record<string, number> } = { devices };
  for (const isolator of isolators) {
    switch (isolator.kind) {
      case 'memory':
        resources.memory = { limit: isolator.limitBytes };
        break;
      case 'cpu':
        resources.cpu = { ...resources.cpu, quota: (isolator.limitMilli * CPU_PERIOD) / MILLI, period: CPU_PERIOD };
        break;
      case 'cpu-shares':
        resources.cpu = { ...resources.cpu, shares: isolator.shares };
        break;
    }
  }
  return resources;
}
