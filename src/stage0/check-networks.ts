import { openPod } from '#pod';
import type { NetworkState } from './engine.ts';
import type { EngineParts } from './parts.ts';
import { requireRunning } from './require-running.ts';

/** `rkt status --check-networks`. */
export async function checkNetworks(parts: EngineParts, uuid: string): Promise<readonly NetworkState[]> {
  using pod = openPod(parts.dataDir, uuid);
  requireRunning(pod, 'is not running');
  const { check } = await parts.networks();
  return await check({ podDir: pod.path, uuid: pod.uuid, localConfigDir: parts.options.configDirs.localDir });
}
