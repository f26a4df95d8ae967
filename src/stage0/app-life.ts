import { isAfterRun, openPod } from '#pod';
import type { StopResult } from './engine.ts';
import { mutableManifest, openRunningPod, requireApp, requireStarted } from './mutable-pod.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import type { AppRequest } from './requests.ts';

/** `rkt app start` */
export async function startApp(parts: EngineParts, { pod: name, app }: AppRequest): Promise<void> {
  using pod = openRunningPod(parts, name);
  using _ = pod.lockChanges();
  requireApp(mutableManifest(pod, 'start'), app);
  const { flavor, context } = await podStage1(parts, pod);
  await flavor.startApp(context, { uuid: pod.uuid, appName: app, debug: parts.options.debug });
}

/** `rkt app stop`. Nothing of the pod's files changes by it, and it may take the whole grace: without the lock of changes. */
export async function stopApp(parts: EngineParts, { pod: name, app }: AppRequest): Promise<StopResult> {
  using pod = openPod(parts.dataDir, name);
  if (isAfterRun(pod.state)) return { uuid: pod.uuid, outcome: 'already stopped' };
  requireStarted(pod);
  requireApp(mutableManifest(pod, 'stop'), app);
  const { flavor, context } = await podStage1(parts, pod);
  await flavor.stopApp(context, { uuid: pod.uuid, appName: app, debug: parts.options.debug });
  return { uuid: pod.uuid, outcome: 'stopped' };
}
