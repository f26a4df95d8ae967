import { isolatorsOf, type IsolatorValue, type PodManifest, readIsolator, type RuntimeApp } from '#appc';

/**
 * The bytes a second that a pod may send, and receive; undefined: no limit.
 *
 * The apps of a pod have its network together, and nothing there tells them apart: the least limit of the pod and its apps
 * bounds all of them, so that none has more than it may. Where others are bounded with an app, that is said.
 */
export function podBandwidth({ apps, isolators }: PodManifest, warn: (text: string) => void): number | undefined {
  const ofPod = limitIn((isolators ?? []).map(readIsolator));
  const ofApps = apps.map((app) => ({ name: app.name, limit: appBandwidth(app) }));
  const least = Math.min(...[ofPod, ...ofApps.map(({ limit }) => limit)].filter((limit) => limit !== undefined));
  if (!Number.isFinite(least)) return undefined;
  const bounding = apps.length > 1 && least !== ofPod ? ofApps.find(({ limit }) => limit === least) : undefined;
  if (bounding !== undefined) {
    warn(`warning: resource/network-bandwidth of app "${bounding.name}" bounds all apps of the pod together, to ${least} bytes a second`);
  }
  return least;
}

/** What one app asks for. */
export function appBandwidth({ app }: RuntimeApp): number | undefined {
  return app === undefined ? undefined : limitIn(isolatorsOf(app));
}

/** The last of a kind counts. */
function limitIn(isolators: readonly IsolatorValue[]): number | undefined {
  return isolators.flatMap((isolator) => (isolator.kind === 'network-bandwidth' ? [isolator.limit] : [])).at(-1);
}
