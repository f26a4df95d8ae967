import { posix } from 'node:path';
import type { App, NameValue } from '#appc';
import type { OciRunConfig } from '#oci';
import { planMountPoints } from './mount-points.ts';
import { planPorts } from './ports.ts';

/** The appc app of the execution parameters of an OCI configuration (OCI image spec, config.md). */
export function planApp(config: OciRunConfig): App {
  const { user, group } = splitUser(config.User ?? '');
  const environment = planEnvironment(config.Env ?? []);
  const mountPoints = planMountPoints(config.Volumes ?? []);
  const ports = planPorts(config.ExposedPorts ?? []);
  const labels = sortedEntries(config.Labels ?? {});
  return {
    exec: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    user,
    group,
    ...(config.WorkingDir ? { workingDirectory: posix.join('/', config.WorkingDir) } : {}),
    ...(environment.length === 0 ? {} : { environment }),
    ...(mountPoints.length === 0 ? {} : { mountPoints }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(labels.length === 0 ? {} : { userLabels: Object.fromEntries(labels) }),
  };
}

/**
 * `user[:group]`. Where the group is left out it is named as the user, as docker2aci has it: the user's
 * own groups are known only where the image's /etc/passwd is read.
 */
function splitUser(text: string): { user: string; group: string } {
  const [user = '', group = ''] = text.split(':');
  return { user: user || '0', group: group || user || '0' };
}

/** The last of several values of one name counts; entries without `=` have no value to set. */
function planEnvironment(entries: readonly string[]): NameValue[] {
  const values = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

function sortedEntries(map: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
