import { existsSync } from 'node:fs';
import { podFiles } from '#pod';
import type { FlavorContext, GcArgs } from '#stage1/abi';
import { isRootless } from '#sys';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import { removePodCgroups } from './cgroups.ts';
import { SECCOMP_CACHE_FROM_POD } from './pod-paths.ts';
import { removeLeftovers } from './seccomp-cache.ts';

/** Gives back what the pod holds of the host: cgroups, network. Its mounts went with its last process. */
export async function gc({ podDir, lockFd, warn }: FlavorContext, args: GcArgs): Promise<void> {
  const cgroup = cgroupOfPod(podDir);
  if (cgroup !== undefined) removePodCgroups(cgroup);
  removeLeftovers(`${podDir}/${SECCOMP_CACHE_FROM_POD}`);
  // Without root the network went with the pod's supervisor.
  if (isRootless() || !hasNetwork(podDir)) return;
  const { tearDownNetwork } = await import('#network');
  const debug = args.debug ? { debug: warn } : {};
  await tearDownNetwork({ podDir, lockFd, uuid: args.uuid, localConfigDir: args.localConfig, giveUp: (text) => warn(`gc: ${text}`), ...debug });
}

function hasNetwork(podDir: string): boolean {
  return [podFiles.netns, podFiles.netInfo, podFiles.net].some((file) => existsSync(`${podDir}/${file}`));
}
