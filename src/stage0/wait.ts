import { openPod, type Pod } from '#pod';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';

/** Milliseconds between two looks at a pod that is starting. */
const POLL_INTERVAL = 10;

/** `rkt status --wait` and `--wait-ready`. Without a limit a wait for the exit blocks on the pod's lock. */
export async function waitForPod(
  parts: EngineParts,
  uuid: string,
  until: 'ready' | 'exited',
  timeoutMs: number | undefined,
): Promise<void> {
  using pod = openPod(parts.dataDir, uuid);
  const done = until === 'exited' ? pod.waitUntilExited(timeoutMs) : await waitUntilReady(pod, timeoutMs);
  if (!done) {
    throw new Stage0Error('timeout', `pod "${pod.uuid}" is not ${until} after ${timeoutMs ?? 0} ms`);
  }
}

async function waitUntilReady(pod: Pod, timeoutMs: number | undefined): Promise<boolean> {
  const deadline = Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  for (;;) {
    if (pod.isReady()) return true;
    pod.refresh();
    const { state } = pod;
    if (state !== 'prepared' && state !== 'preparing' && state !== 'embryo' && state !== 'running') {
      throw new Stage0Error('pod-not-running', `pod "${pod.uuid}" is ${state} and will not become ready`);
    }
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
}
