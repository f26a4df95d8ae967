import { openPod } from '#pod';
import type { NetworkState } from './engine.ts';
import { Stage0Error } from './error.ts';
import type { EngineParts } from './parts.ts';

/** `rkt status --check-networks`. */
export async function checkNetworks(parts: EngineParts, uuid: string): Promise<readonly NetworkState[]> {
  using pod = openPod(parts.dataDir, uuid);
  if (pod.state !== 'running') throw new Stage0Error('pod-not-running', `pod "${pod.uuid}" is not running`);
  const { check } = await parts.networks();
  return await check({ podDir: pod.path, uuid: pod.uuid, localConfigDir: parts.options.configDirs.localDir });
}
