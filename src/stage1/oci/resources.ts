import type { DeviceRule } from '#security';
import type { OciResources } from './config-types.ts';

/** The isolators of an app that become limits of its cgroup. */
export type ResourceIsolator =
  | { readonly kind: 'memory'; readonly limitBytes: number }
  | { readonly kind: 'cpu'; readonly limitMilli: number }
  | { readonly kind: 'cpu-shares'; readonly shares: number };

/** Microseconds. */
const CPU_PERIOD = 100_000;
const MILLI = 1000;

export function planResources(isolators: readonly ResourceIsolator[], devices: readonly DeviceRule[]): OciResources {
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
