import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { messageOf } from '#errors';
import { collectPodNames, listPods, openPod, type Phase, type Pod, podFiles } from '#pod';
import { isAsOldAs } from './age.ts';
import type { GcEvent } from './engine.ts';
import { Stage0Error } from './error.ts';
import type { EngineParts, HostNetworks } from './parts.ts';
import { podStage1 } from './pod-stage1.ts';
import { unregisterPod } from './register-pod.ts';
import type { GcRequest } from './requests.ts';

type Observe = (event: GcEvent) => void;

/** Milliseconds after which an empty pod directory that never got a lock was given up by a crash. */
const EMBRYO_LIFETIME = 60_000;

/** `rkt gc`: marks what has ended, then removes what was marked long enough ago. */
export async function collectGarbage(parts: EngineParts, request: GcRequest, observe: Observe): Promise<void> {
  const each = (phase: Phase, body: (pod: Pod) => void | Promise<void>): Promise<void> =>
    forEachPod(parts.dataDir, phase, observe, body);
  await each('run', (pod) => markExited(pod, observe));
  await each('prepare', (pod) => markAborted(pod, observe));
  await forNetworks(parts, ({ collectNames }) => collectNames());
  if (request.markOnly) return;
  await each('embryo', removeEmbryo);
  await each('prepared', (pod) => markExpired(pod, request.expirePreparedMs, observe));
  await each('exited-garbage', (pod) => sweepExited(parts, pod, request.gracePeriodMs, observe));
  await each('garbage', (pod) => sweep(parts, pod, observe));
  collectPodNames(parts.dataDir);
  await forNetworks(parts, ({ collect }, localDir) => collect(localDir));
}

/** The networks' trouble is told, and is no pod's. */
async function forNetworks(parts: EngineParts, body: (networks: HostNetworks, localDir: string) => Promise<void>): Promise<void> {
  const { localDir } = parts.options.configDirs;
  if (!existsSync(`${localDir}/net.d`)) return;
  await body(await parts.networks(), localDir).catch((error: unknown) => parts.listener.warn(`gc: ${messageOf(error)}`));
}

/** One pod's trouble is told and does not stop the others. */
async function forEachPod(
  dataDir: string,
  phase: Phase,
  observe: Observe,
  body: (pod: Pod) => void | Promise<void>,
): Promise<void> {
  for (const pod of listPods(dataDir, [phase])) {
    try {
      await body(pod);
    } catch (error) {
      observe({ kind: 'problem', uuid: pod.uuid, error });
    }
  }
}

function markExited(pod: Pod, observe: Observe): void {
  if (pod.state !== 'exited') return;
  observe({ kind: 'marked', uuid: pod.uuid, because: 'exited' });
  pod.toExitedGarbage();
}

function markAborted(pod: Pod, observe: Observe): void {
  if (pod.state !== 'aborted prepare') return;
  observe({ kind: 'marked', uuid: pod.uuid, because: 'prepare failed' });
  pod.toGarbage();
}

function markExpired(pod: Pod, lifetimeMs: number, observe: Observe): void {
  if (!isAsOldAs(pod.phaseSince, lifetimeMs)) return;
  observe({ kind: 'marked', uuid: pod.uuid, because: 'prepared expired' });
  pod.toGarbage();
}

/** rmdir(2): should its maker be alive after all and have put something there, it stays. */
function removeEmbryo(pod: Pod): void {
  if (isAsOldAs(pod.phaseSince, EMBRYO_LIFETIME)) rmdirSync(pod.path);
}

async function sweepExited(parts: EngineParts, pod: Pod, graceMs: number, observe: Observe): Promise<void> {
  if (isAsOldAs(pod.phaseSince, graceMs)) return sweep(parts, pod, observe);
  observe({ kind: 'kept', uuid: pod.uuid, because: 'grace period' });
}

async function sweep(parts: EngineParts, pod: Pod, observe: Observe): Promise<void> {
  if (!pod.lockExclusive()) return;
  observe({ kind: 'removing', uuid: pod.uuid });
  await deletePod(parts, pod);
}

/**
 * Removes what the pod holds outside its directory, then the directory.
 *
 * The pod is in a garbage phase under its exclusive lock. A crash anywhere leaves it there, to be removed by
 * the next collection: stage1's part is idempotent, and what it needs goes last.
 */
async function deletePod(parts: EngineParts, pod: Pod): Promise<void> {
  if (pod.phase === 'exited-garbage') {
    await unregisterPod(parts, pod);
    const { flavor, context } = await podStage1(parts, pod, { orDefault: true });
    const { debug, configDirs } = parts.options;
    await flavor.gc({ ...context, lockFd: pod.lock!.fd }, { uuid: pod.uuid, localConfig: configDirs.localDir, debug });
    rmSync(pod.file(podFiles.stage1Rootfs), { recursive: true, force: true });
  }
  pod.remove();
}

/** Removes a pod in `run` that its maker has locked and gives up. */
export async function deletePodOfMaker(parts: EngineParts, pod: Pod): Promise<void> {
  pod.toExitedGarbage();
  await deletePod(parts, pod);
}

/** `rkt rm`: removes one pod at once, whatever the grace period; gives its UUID. */
export async function removePod(parts: EngineParts, uuid: string): Promise<string> {
  using pod = openPod(parts.dataDir, uuid);
  if (pod.state === 'running') {
    throw new Stage0Error('pod-running', `cannot remove pod "${pod.uuid}": it is running`, {
      hint: `stop it first: rkt stop ${pod.uuid}`,
    });
  }
  if (pod.phase === 'run') pod.toExitedGarbage();
  else if (pod.phase !== 'exited-garbage') pod.toGarbage();
  if (!pod.lockExclusive()) {
    throw new Stage0Error('pod-busy', `pod "${pod.uuid}" is in use by another rkt`, { hint: 'try again' });
  }
  await deletePod(parts, pod);
  return pod.uuid;
}
