import type { NetInfo } from '#pod';
import type { PodView } from '#stage0';
import { fullTime } from './full-time.ts';
import { goJson } from './go-json.ts';
import { humanTime } from './human.ts';
import { podJson } from './pod-json.ts';
import { alignTabs } from './table.ts';

export type Format = '' | 'json' | 'json-pretty';

export interface PodListOptions {
  readonly format: Format;
  readonly full: boolean;
  readonly legend: boolean;
  /** Nanoseconds since the epoch. */
  readonly now: bigint;
}

/** What `rkt list` prints. Without pods: `null` as JSON, one line feed as a table without legend. */
export function podListText(pods: readonly PodView[], options: PodListOptions): string {
  if (options.format !== '') {
    const value = pods.length === 0 ? null : pods.map(podJson);
    return `${goJson(value, { pretty: options.format === 'json-pretty' })}\n`;
  }
  const rare = options.full ? rareColumns.filter(({ isIn }) => pods.some(isIn)) : [];
  const rows = pods.flatMap((pod) => podRows(pod, options).map((row, at) => [...row, ...rare.map(({ cell }) => cell(pod, at))]));
  if (options.legend) rows.unshift([...legend(options.full), ...rare.map(({ title }) => title)]);
  return `${alignTabs(rows.map((row) => row.join('\t')).join('\n'))}\n`;
}

function legend(full: boolean): string[] {
  return ['UUID', 'APP', 'IMAGE NAME', ...(full ? ['IMAGE ID'] : []), 'STATE', 'CREATED', 'STARTED', 'NETWORKS'];
}

/** A row an app; what is about the pod stands in the first of them only. */
function podRows(pod: PodView, { full, now }: PodListOptions): string[][] {
  const time = (at: bigint | undefined): string => {
    if (at === undefined || at === 0n) return '';
    return full ? fullTime(at) : humanTime(at, now);
  };
  const ofPod = [pod.state, time(pod.createdAt), time(pod.startedAt), networksText(pod.networks)];
  const uuid = full ? pod.uuid : pod.uuid.slice(0, 8);
  if (pod.apps.length === 0) return [[uuid, '-', '-', ...(full ? ['-'] : []), ...ofPod]];
  return pod.apps.map((app, index) => [
    index === 0 ? uuid : '',
    app.name,
    app.imageName ?? '--',
    ...(full ? [app.imageId.slice(0, 'sha512-'.length + 12)] : []),
    ...(index === 0 ? ofPod : ofPod.map(() => '')),
  ]);
}

/** Of `--full`, and only where there is something in it: programs that split lines see no column that they do not know. */
interface RareColumn {
  readonly title: string;
  readonly isIn: (pod: PodView) => boolean;
  /** In the row of the pod's app of that number; a pod without apps has a row as well. */
  readonly cell: (pod: PodView, app: number) => string;
}

const rareColumns: readonly RareColumn[] = [
  { title: 'POD NAME', isIn: ({ name }) => name !== undefined, cell: ({ name = '-' }, app) => (app === 0 ? name : '') },
  { title: 'HEALTH', isIn: ({ apps }) => apps.some(({ health }) => health), cell: ({ apps }, app) => apps[app]?.health?.state ?? '-' },
];

/** `default:ip4=172.16.28.2, other:ip4=10.1.0.2`. */
export function networksText(networks: readonly NetInfo[]): string {
  return networks.map(({ ip, netName }) => `${netName}:ip4=${ip}`).join(', ');
}
