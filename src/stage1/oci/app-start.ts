import { existsSync, readFileSync, rmSync } from 'node:fs';
import { parsePodManifest } from '#appc';
import { podFiles } from '#pod';
import type { AppArgs, FlavorContext } from '#stage1/abi';
import { readTextIfExists } from '#sys';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import { askSupervisor } from './control.ts';
import { OciStage1Error } from './errors.ts';
import { ociFiles } from './pod-paths.ts';
import { superviseApp } from './supervised-app.ts';
import { appArguments } from './supervisor.ts';

/** @throws {OciStage1Error} 'not-running', 'not-started' */
export async function startApp({ podDir }: FlavorContext, { appName }: AppArgs): Promise<void> {
  const manifest = parsePodManifest(readFileSync(`${podDir}/${podFiles.manifest}`, 'utf8'));
  const app = manifest.apps.find(({ name }) => name === appName);
  if (app === undefined) throw new OciStage1Error('no-app', `the pod's manifest has no app "${appName}"`);
  const log = `${podDir}/${ociFiles.bundle(appName)}/${ociFiles.runtimeLog}`;
  rmSync(log, { force: true });
  const confined = existsSync(`${podDir}/${podFiles.selinuxLabels}`);
  const words = appArguments(superviseApp({ cgroup: cgroupOfPod(podDir), manifest, interactive: false, mutable: true, confined }, app));
  const answer = await askSupervisor(podDir, ['start', ...words, `--runtime-log=${ociFiles.runtimeLog}`]);
  if (answer === 'ok' || answer === 'running') return;
  if (answer === 'ending') throw new OciStage1Error('not-running', 'the pod is being stopped');
  const why = answer === 'failed' ? readLog(log) || 'it failed before it ran' : answer;
  throw new OciStage1Error('not-started', why);
}

/** What the runtime says may name what the image or the app has put there: nothing in it is for a terminal to obey. */
function readLog(path: string): string {
  return (readTextIfExists(path) ?? '').slice(0, 2000).replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
}
