import type { AcName } from '#appc';
import { openPod, type Pod } from '#pod';
import type { AttachedCaller } from '#stage1/abi';
import { chooseApp } from './enter.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import type { AttachRequest } from './requests.ts';
import { requireRunning } from './require-running.ts';

/** `rkt attach` */
export async function attach(parts: EngineParts, request: AttachRequest, caller: AttachedCaller): Promise<void> {
  using pod = openPod(parts.dataDir, request.pod);
  const { appName, flavor, context } = await attachable(parts, pod, request.app);
  await flavor.attach(context, { appName, points: request.points, detachKeys: request.detachKeys }, caller);
}

/** `rkt attach --mode=list` */
export async function attachPoints(parts: EngineParts, name: string, app: AcName | undefined): Promise<string> {
  using pod = openPod(parts.dataDir, name);
  const { appName, flavor, context } = await attachable(parts, pod, app);
  return flavor.attachPoints(context, appName);
}

async function attachable(parts: EngineParts, pod: Pod, app: AcName | undefined) {
  requireRunning(pod);
  const appName = chooseApp(pod, app, 'attach');
  return { appName, ...(await podStage1(parts, pod)) };
}
