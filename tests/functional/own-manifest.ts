import { writeFileSync } from 'node:fs';
import type { Scene } from './scene.ts';

export interface ManifestApp {
  readonly name?: string;
  readonly app: Readonly<Record<string, unknown>>;
  /** More of the runtime app: mounts, readOnlyRootFS. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Writes a pod manifest of busybox apps, which run as root unless they say otherwise; gives the flag that names it. */
export async function ownManifest(scene: Scene, apps: readonly ManifestApp[], pod: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { stdout } = await scene.insecure(['fetch', '--full', scene.aci]);
  const file = scene.home.file(`pod-${process.hrtime.bigint()}.json`);
  const manifest = {
    acVersion: '0.8.11',
    acKind: 'PodManifest',
    apps: apps.map(({ name = 'app', app, more }) => ({ name, image: { id: stdout.trim() }, app: { user: '0', group: '0', ...app }, ...more })),
    volumes: null,
    isolators: null,
    annotations: null,
    ports: [],
    ...pod,
  };
  writeFileSync(file, JSON.stringify(manifest));
  return `--pod-manifest=${file}`;
}

export const shellApp = (text: string, app: Readonly<Record<string, unknown>> = {}): ManifestApp => ({ app: { exec: ['/bin/sh', '-c', text], ...app } });

export const isolator = (name: string, value: unknown): { name: string; value: unknown } => ({ name, value });
