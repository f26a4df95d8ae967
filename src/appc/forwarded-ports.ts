import { quoted } from '#errors';
import { AppcError } from './error.ts';
import type { ExposedPort, PodManifest, Port } from './types.ts';

/** A port of the host that leads to a port of the pod. */
export interface ForwardedPort {
  readonly protocol: string;
  readonly hostPort: number;
  /** Absent: any address of the host; `0.0.0.0` and `::`: any of their family. */
  readonly hostIP?: string;
  readonly podPort: number;
}

/**
 * The ports a pod publishes: each leads where it says, or to the port of its name in an app.
 *
 * @throws {AppcError} `bad-port`
 */
export function forwardedPorts(manifest: PodManifest): ForwardedPort[] {
  const planned: ForwardedPort[] = [];
  for (const exposed of manifest.ports ?? []) {
    const port = exposed.podPort ?? findAppPort(manifest, exposed);
    const address = exposed.hostIP === undefined ? {} : { hostIP: exposed.hostIP };
    // As iptables, which rkt handed it to, took it.
    const next = { protocol: port.protocol.toLowerCase(), hostPort: exposed.hostPort, ...address, podPort: port.port };
    const other = planned.find((earlier) => conflict(earlier, next));
    if (other !== undefined) {
      const name = `${next.protocol}-${exposed.hostIP ?? '0.0.0.0'}:${next.hostPort}`;
      throw new AppcError('bad-port', `port ${name} already mapped to pod port ${other.podPort}`);
    }
    planned.push(next);
  }
  return planned;
}

function findAppPort(manifest: PodManifest, exposed: ExposedPort): Port {
  const found = manifest.apps.flatMap(({ app }) => (app?.ports ?? []).filter(({ name }) => name === exposed.name));
  if (found.length === 1) return found[0]!;
  const why = found.length === 0 ? 'could not be found in any apps' : 'is in more than one app';
  throw new AppcError('bad-port', `port name ${quoted(exposed.name)} ${why}`, hintFor(manifest));
}

function conflict(one: ForwardedPort, other: ForwardedPort): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false;
  return overlap(one.hostIP, other.hostIP);
}

function overlap(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return true;
  return one.includes(':') === other.includes(':') && [one, other].some((each) => each === '0.0.0.0' || each === '::');
}

function hintFor(manifest: PodManifest): { hint: string } {
  const names = manifest.apps.flatMap(({ app }) => (app?.ports ?? []).map(({ name }) => name));
  return { hint: names.length === 0 ? 'the images of this pod name no ports' : `the images name these: ${names.join(', ')}` };
}
