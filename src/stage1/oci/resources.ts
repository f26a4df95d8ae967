import type { IsolatorValue } from '#appc';
import type { DeviceRule } from '#security';
import type { OciBlockIo, OciResources } from './config-types.ts';
import type { BlockDevice } from './host-limits.ts';

/** Microseconds: the usual period, the longest, and the shortest quota that the kernel takes. */
const CPU_PERIOD = 100_000;
const LONGEST_PERIOD = 1_000_000;
const SHORTEST_QUOTA = 1000;
const MILLI = 1000;
/** What one processor weighs where only a part is asked for, as cgroup v1 has it by default. */
const SHARES_PER_CPU = 1024;
const MINIMUM_SHARES = 2;

/** The limits of a cgroup, whatever its version. Sizes are in bytes, times in microseconds. */
export interface Limits {
  readonly memory?: { readonly limit?: number; readonly reservation?: number };
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number };
  readonly blockIo?: { readonly bytesPerSecond?: number; readonly operationsPerSecond?: number };
}

/**
 * What isolators limit. A request below its limit is what is left to the app or pod when there is not enough
 * for all; a request that is the limit itself says nothing more. The last isolator of a kind counts. A limit of nothing
 * is none, as for Kubernetes.
 */
export function limitsOf(isolators: readonly IsolatorValue[]): Limits {
  return isolators.reduce<Limits>((limits, isolator) => ({ ...limits, ...limitOf(isolator, limits, isolators) }), {});
}

function limitOf(isolator: IsolatorValue, { cpu, blockIo }: Limits, all: readonly IsolatorValue[]): Limits {
  switch (isolator.kind) {
    case 'memory':
      return { memory: { ...above0('limit', isolator.limitBytes), ...above0('reservation', requestBelow(isolator.requestBytes, isolator.limitBytes)) } };
    case 'cpu': {
      const request = requestBelow(isolator.requestMilli, isolator.limitMilli);
      const shares = Math.max(MINIMUM_SHARES, Math.floor((request * SHARES_PER_CPU) / MILLI));
      const isWeighed = request > 0 && !all.some(({ kind }) => kind === 'cpu-shares');
      return { cpu: { ...cpu, ...quotaOf(isolator.limitMilli), ...(isWeighed ? { shares } : {}) } };
    }
    case 'cpu-shares':
      return { cpu: { ...cpu, shares: isolator.shares } };
    case 'block-bandwidth':
      return { blockIo: { ...blockIo, ...above0('bytesPerSecond', isolator.limit) } };
    case 'block-iops':
      return { blockIo: { ...blockIo, ...above0('operationsPerSecond', isolator.limit) } };
    default:
      return {};
  }
}

/** A request that says more than the limit does; 0: there is none. */
function requestBelow(request = 0, limit: number): number {
  return limit === 0 || request < limit ? request : 0;
}

function above0<K extends string>(name: K, value: number): { readonly [name in K]?: number } {
  return value === 0 ? {} : ({ [name]: value } as { readonly [name in K]: number });
}

function quotaOf(milli: number): Pick<NonNullable<Limits['cpu']>, 'quota' | 'period'> {
  if (milli === 0) return {};
  const period = (milli * CPU_PERIOD) / MILLI < SHORTEST_QUOTA ? LONGEST_PERIOD : CPU_PERIOD;
  return { quota: (milli * period) / MILLI, period };
}

/** The limits of an app's cgroup as the runtime is told them. */
export function planResources(
  isolators: readonly IsolatorValue[],
  devices: readonly DeviceRule[],
  disks: readonly BlockDevice[],
): OciResources {
  const { memory, cpu, blockIo } = limitsOf(isolators);
  return {
    devices,
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(blockIo === undefined ? {} : { blockIO: throttles(blockIo, disks) }),
  };
}

function throttles(limit: NonNullable<Limits['blockIo']>, disks: readonly BlockDevice[]): OciBlockIo {
  const rates = (rate: number) => disks.map(({ major, minor }) => ({ major, minor, rate }));
  const { bytesPerSecond, operationsPerSecond } = limit;
  return {
    ...(bytesPerSecond === undefined
      ? {}
      : { throttleReadBpsDevice: rates(bytesPerSecond), throttleWriteBpsDevice: rates(bytesPerSecond) }),
    ...(operationsPerSecond === undefined
      ? {}
      : { throttleReadIOPSDevice: rates(operationsPerSecond), throttleWriteIOPSDevice: rates(operationsPerSecond) }),
  };
}
