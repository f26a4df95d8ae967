import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RuntimeApp } from '#appc';
import { podFiles } from '#pod';
import { stage1Layout } from '#stage1/abi';
import { planEnvironment } from '#stage1/apps';

/**
 * Writes what a stage1 finds of an app besides its root file system: the environment, a NAME=VALUE a line, and the
 * manifest of its image. Among the pod's mounts.
 */
export function writeAppFiles(podDir: string, { name, app }: RuntimeApp): void {
  const environment = planEnvironment({ appName: name, environment: app?.environment ?? [] });
  const env = `${podDir}/${stage1Layout.env(name)}`;
  for (const directory of [dirname(env), `${podDir}/${stage1Layout.appDirectory(name)}`]) mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(env, [...environment].map(([variable, value]) => `${variable}=${value}\n`).join(''), { mode: 0o644 });
  copyFileSync(`${podDir}/${podFiles.appManifest(name)}`, `${podDir}/${stage1Layout.appDirectory(name)}/manifest`);
}

export function hasAppFiles(podDir: string, app: string): boolean {
  return existsSync(`${podDir}/${stage1Layout.appDirectory(app)}`);
}

/** Nothing is mounted there any more. */
export function removeAppFiles(podDir: string, app: string): void {
  for (const path of [stage1Layout.env(app), stage1Layout.appDirectory(app)]) rmSync(`${podDir}/${path}`, { recursive: true, force: true });
}
