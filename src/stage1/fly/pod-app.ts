import { readFileSync } from 'node:fs';
import { parsePodManifest, type PodManifest, type RuntimeApp } from '#appc';
import { podFiles } from '#pod';
import { stage1Layout } from '#stage1/abi';
import { dockerApp } from '#stage1/apps';
import { FlyError } from './errors.ts';

/** The pod's only app, and what its plan begins with. */
export interface PodApp {
  readonly podDir: string;
  readonly manifest: PodManifest;
  readonly app: RuntimeApp;
  readonly rootfs: string;
  readonly dockerApp: () => ReturnType<typeof dockerApp>;
}

/** @throws {FlyError} unsupported */
export function readPodApp(podDir: string): PodApp {
  const manifest = parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8'));
  const [app, ...others] = manifest.apps;
  if (app === undefined || others.length > 0) throw new FlyError('unsupported', 'fly only supports 1 application per Pod for now');
  return { podDir, manifest, app, rootfs: `${podDir}/${stage1Layout.appRootfs(app.name)}`, dockerApp: () => dockerApp(podDir, app.name) };
}
