import { type HealthProbe, healthCheckOf, type RuntimeApp, restartPolicyOf } from '#appc';
import type { OciProcess } from './config-types.ts';
import { ociFiles } from './pod-paths.ts';
import { notifies } from './service-manager.ts';

/** What the supervisor is told of how to keep an app up. */
export function upkeepArguments(app: RuntimeApp): string[] {
  const restart = restartPolicyOf(app);
  return [...(restart === 'no' ? [] : [`--restart=${restart}`]), ...healthArguments(app), ...(notifies(app) ? ['--notify'] : [])];
}

function healthArguments(app: RuntimeApp): string[] {
  const check = healthCheckOf(app);
  if (check === undefined) return [];
  return [
    probeArgument(app.name, check.probe),
    `--health-interval-ms=${check.intervalMs}`,
    `--health-timeout-ms=${check.timeoutMs}`,
    `--health-retries=${check.retries}`,
    `--health-start-period-ms=${check.startPeriodMs}`,
    `--health-on-failure=${check.onFailure}`,
  ];
}

function probeArgument(app: string, probe: HealthProbe): string {
  if (probe.kind === 'exec') return `--health-exec=${ociFiles.health(app)}`;
  return probe.kind === 'tcp' ? `--health-tcp=${probe.port}` : `--health-http=${probe.port}${probe.path}`;
}

/** The process that finds out whether an app is well: confined as the app is. Undefined: there is none. */
export function planProbe(app: RuntimeApp, process: OciProcess): OciProcess | undefined {
  const probe = healthCheckOf(app)?.probe;
  return probe?.kind === 'exec' ? { ...process, terminal: false, args: probe.command } : undefined;
}
