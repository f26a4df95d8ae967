import { openPod } from '#pod';
import type { StopResult } from './engine.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import { requireRunning } from './require-running.ts';

/** `rkt stop`: asks a running pod to end, or ends it; does not wait for it. */
export async function stop(
  parts: EngineParts,
  uuid: string,
  options: { readonly force: boolean },
): Promise<StopResult> {
  using pod = openPod(parts.dataDir, uuid);
  if (pod.state === 'exited' || pod.state === 'exited garbage') return { uuid: pod.uuid, outcome: 'already stopped' };
  requireRunning(pod, 'is not running');
  const { flavor, context } = await podStage1(parts, pod);
  await flavor.stop(context, { uuid: pod.uuid, force: options.force, debug: parts.options.debug });
  return { uuid: pod.uuid, outcome: 'stopped' };
}
