import type { AppView } from '#stage0';
import { goJson } from './go-json.ts';
import { goTime } from './full-time.ts';
import { appJson } from './pod-json.ts';
import type { Format } from './pod-list.ts';

/** What `rkt app status` prints: `key=value` lines, or the app as JSON. */
export function appStatusText(app: AppView, format: Format): string {
  if (format !== '') return `${goJson(appJson(app), { pretty: format === 'json-pretty' })}\n`;
  const mounts = (app.mounts ?? []).map(({ hostPath, containerPath, readOnly }) => `${hostPath}:${containerPath}:(read_only:${readOnly})`);
  const lines = [
    `name=${app.name}`,
    `state=${app.state}`,
    `image_id=${app.imageId}`,
    ...timeLine('created_at', app.createdAt),
    ...timeLine('started_at', app.startedAt),
    ...timeLine('finished_at', app.finishedAt),
    ...(app.exitCode === undefined ? [] : [`exit_code=${app.exitCode}`]),
    ...listLine('mounts', mounts),
    ...listLine('user_annotations', pairs(app.userAnnotations)),
    ...listLine('user_labels', pairs(app.userLabels)),
  ];
  return `${lines.join('\n')}\n`;
}

function timeLine(key: string, at: bigint | undefined): string[] {
  return at === undefined ? [] : [`${key}=${goTime(at)}`];
}

function listLine(key: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : [`${key}=${values.join(',')}`];
}

function pairs(record: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}:${value}`);
}
