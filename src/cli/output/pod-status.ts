import type { AppView, PodStateName, PodView } from '#stage0';
import { fullTime } from './full-time.ts';
import { goJson } from './go-json.ts';
import { podJson } from './pod-json.ts';
import { type Format, networksText } from './pod-list.ts';

const afterStart: readonly PodStateName[] = ['running', 'deleting', 'exited deleting', 'exited', 'exited garbage'];

/** What `rkt status` prints: `key=value` lines, or the pod as JSON. */
export function podStatusText(pod: PodView, format: Format): string {
  if (format !== '') return `${goJson(podJson(pod), { pretty: format === 'json-pretty' })}\n`;
  const { startedAt, state } = pod;
  const lines = [`state=${state}`, `created=${fullTime(pod.createdAt)}`];
  if (startedAt !== undefined) lines.push(`started=${fullTime(startedAt)}`);
  if (state === 'running' || state === 'exited') lines.push(`networks=${networksText(pod.networks)}`);
  if (pod.name !== undefined) lines.push(`name=${pod.name}`);
  if (afterStart.includes(state)) lines.push(...endLines(pod));
  return `${lines.join('\n')}\n`;
}

/** The pid, and how it went. Exit codes are told once the pod has ended. */
function endLines({ apps, pid, state }: PodView): string[] {
  const exited = state === 'exited' || state === 'exited garbage';
  const ended = state === 'running' ? [] : apps.filter(({ exitCode }) => exitCode !== undefined);
  return [
    ...(pid === undefined ? [] : [`pid=${pid}`]),
    `exited=${exited}`,
    ...ended.map(({ exitCode, name }) => `app-${name}=${exitCode}`),
    ...ended.flatMap(({ outOfMemory, name }) => (outOfMemory ? [`oom-${name}=true`] : [])),
    ...apps.flatMap(upkeepLines),
  ];
}

function upkeepLines({ health, name, restarts }: AppView): string[] {
  return [
    ...(restarts === undefined ? [] : [`restarts-${name}=${restarts.count}`]),
    ...(health === undefined ? [] : [`health-${name}=${health.state}`]),
  ];
}
