import { openPod, type Pod } from '#pod';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import type { EnterRequest } from './requests.ts';
import { requireRunning } from './require-running.ts';

/** How long a pod that has just been started may take until there is a process to enter. Milliseconds. */
const START_TIMEOUT = 10_000;

/** `rkt enter`: becomes a command inside an app of a running pod. */
export async function enter(parts: EngineParts, request: EnterRequest): Promise<never> {
  using pod = openPod(parts.dataDir, request.pod);
  requireRunning(pod);
  const appName = chooseApp(pod, request.app, 'enter');
  const { flavor, context } = await podStage1(parts, pod);
  // An image tells by its own ways when there is a process to enter.
  if (flavor.kind === 'built-in') await waitForStart(pod);
  return await flavor.enter(context, { appName, command: request.command });
}

/** @throws {Stage0Error} 'no-such-app', 'which-app' */
export function chooseApp(pod: Pod, asked: string | undefined, command: string): string {
  const names = pod.manifest().apps.map((app) => app.name as string);
  if (asked !== undefined) {
    if (names.includes(asked)) return asked;
    throw new Stage0Error('no-such-app', `app "${asked}" is not in pod "${pod.uuid}"`, {
      hint: `its apps are: ${names.join(', ')}`,
    });
  }
  if (names.length === 1) return names[0]!;
  throw new Stage0Error('which-app', 'pod contains more than one app; say which', {
    hint: `specify one of these using "rkt ${command} --app= ...": ${names.join(', ')}`,
  });
}

/** The apps start a moment after the pod has turned to running. */
async function waitForStart(pod: Pod): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline; ) {
    if (pod.hasStarted()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
    pod.refresh();
    if (pod.state !== 'running') break;
  }
  throw new Stage0Error('pod-not-running', `pod "${pod.uuid}" has no process to enter`);
}
