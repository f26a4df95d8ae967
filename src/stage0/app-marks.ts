import { closeSync, openSync } from 'node:fs';
import type { AcName } from '#appc';
import { type Pod, podFiles } from '#pod';

/** Says since when an app is in a pod whose apps change. */
export function markCreated(pod: Pod, app: AcName): void {
  closeSync(openSync(pod.stage1File(podFiles.created(app)), 'w', 0o644));
}

/** What is in the pod of how an app lives and has lived. */
export function appMarks(pod: Pod, app: AcName): string[] {
  const { created, started, status, oomKills, restarts, health } = podFiles;
  return [created, started, status, oomKills, restarts, health].map((file) => pod.stage1File(file(app)));
}
