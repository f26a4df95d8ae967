import type { AppUsageView, PodUsageView } from '#stage0';
import { goJson } from './go-json.ts';
import { humanSize } from './human.ts';
import type { Format } from './pod-list.ts';
import { alignTabs } from './table.ts';

/** What an app uses. What is not known is absent: rates need two measurements. */
export interface AppUsage {
  readonly name: string;
  /** Of one processor: 250 are two and a half. */
  readonly cpuPercent?: number;
  readonly cpuNs?: bigint;
  readonly memory?: number;
  readonly memoryLimit?: number;
  /** Bytes, and bytes a second. */
  readonly read?: number;
  readonly written?: number;
  readonly readRate?: number;
  readonly writeRate?: number;
  readonly pids?: number;
}

export interface PodUsage {
  readonly uuid: string;
  readonly name?: string;
  readonly apps: readonly AppUsage[];
}

/** What pods use at the second measurement; what came meanwhile has no rates yet. */
export function usageBetween(before: readonly PodUsageView[], after: readonly PodUsageView[]): PodUsage[] {
  return after.map(({ apps, ...pod }) => {
    const earlier = before.find(({ uuid }) => uuid === pod.uuid)?.apps ?? [];
    return { ...pod, apps: apps.map((app) => appUsage(earlier.find(({ name }) => name === app.name), app)) };
  });
}

function appUsage(before: AppUsageView | undefined, { measuredAt, ...after }: AppUsageView): AppUsage {
  const nanoseconds = before === undefined ? 0 : Number(measuredAt - before.measuredAt);
  if (before === undefined || nanoseconds <= 0) return after;
  // An app that was started anew counts from zero.
  const perSecond = (was: number | undefined, is: number | undefined): number | undefined =>
    was === undefined || is === undefined ? undefined : (Math.max(0, is - was) * 1e9) / nanoseconds;
  const cpu = perSecond(numberOf(before.cpuNs), numberOf(after.cpuNs));
  const readRate = perSecond(before.read, after.read);
  const writeRate = perSecond(before.written, after.written);
  return {
    ...after,
    ...(cpu === undefined ? {} : { cpuPercent: cpu / 1e7 }),
    ...(readRate === undefined ? {} : { readRate }),
    ...(writeRate === undefined ? {} : { writeRate }),
  };
}

function numberOf(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

export interface UsageTextOptions {
  readonly format: Format;
  readonly full: boolean;
  readonly legend: boolean;
}

/** What `rkt stats` prints of one measurement. */
export function usageText(pods: readonly PodUsage[], { format, full, legend }: UsageTextOptions): string {
  if (format !== '') return `${goJson(pods.map(podJson), { pretty: format === 'json-pretty' })}\n`;
  const rows = pods.flatMap(({ uuid, apps }) => apps.map((app, index) => [index === 0 ? (full ? uuid : uuid.slice(0, 8)) : '', ...cellsOf(app)]));
  if (legend) rows.unshift(['UUID', 'APP', 'CPU', 'MEMORY', 'LIMIT', 'READ', 'WRITTEN', 'PIDS']);
  return `${alignTabs(rows.map((row) => row.join('\t')).join('\n'))}\n`;
}

function cellsOf({ name, cpuPercent, memory, memoryLimit, read, written, pids }: AppUsage): string[] {
  return [name, percentText(cpuPercent), sizeText(memory), sizeText(memoryLimit), sizeText(read), sizeText(written), pids === undefined ? '-' : String(pids)];
}

export function percentText(percent: number | undefined): string {
  return percent === undefined ? '-' : `${percent.toFixed(1)}%`;
}

export function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? '-' : humanSize(Math.round(bytes));
}

function podJson({ uuid, name, apps }: PodUsage): object {
  return { name: uuid, pod_name: name, apps: apps.map(appJson) };
}

function appJson(app: AppUsage): object {
  const rounded = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.round(value));
  return {
    name: app.name,
    cpu_percent: app.cpuPercent === undefined ? undefined : Math.round(app.cpuPercent * 100) / 100,
    cpu_ns: app.cpuNs,
    memory_bytes: app.memory,
    memory_limit_bytes: app.memoryLimit,
    io_read_bytes: app.read,
    io_written_bytes: app.written,
    io_read_bytes_per_second: rounded(app.readRate),
    io_written_bytes_per_second: rounded(app.writeRate),
    pids: app.pids,
  };
}
