import { existsSync } from 'node:fs';
import { podFiles } from '#pod';
import type { FlavorContext, GcArgs } from '#stage1/abi';
import { removePodCgroups } from './cgroups.ts';

/** Gives back what the pod holds of the host: cgroups, network. Its mounts went with its last process. */
export async function gc({ podDir, warn }: FlavorContext, args: GcArgs): Promise<void> {
  removePodCgroups(args.uuid);
  if (!hasNetwork(podDir)) return;
  const { tearDownNetwork } = await import('#network');
  const debug = args.debug ? { debug: warn } : {};
  await tearDownNetwork({ podDir, uuid: args.uuid, localConfigDir: args.localConfig, ...debug });
}

function hasNetwork(podDir: string): boolean {
  return [podFiles.netns, podFiles.netInfo, podFiles.net].some((file) => existsSync(`${podDir}/${file}`));
}
