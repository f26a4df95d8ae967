import type { EnterArgs, FlavorContext } from '#stage1/abi';
import { becomeProcess } from '#sys';
import { callersEnvironment } from './environment.ts';
import { enterPodMounts } from './pod-mounts.ts';
import { waitForProcess } from './pod-process.ts';
import { entrypointOf, interfaceOf } from './stage1-interface.ts';

/** Becomes the image's `enter`. */
export async function enter(context: FlavorContext, { appName, command }: EnterArgs): Promise<never> {
  const { podDir } = context;
  const path = entrypointOf(podDir, interfaceOf(podDir), 'enter');
  const pid = await waitForProcess(podDir);
  enterPodMounts(context);
  const argv = [path, `--pid=${pid}`, `--appname=${appName}`, '--', ...command];
  return becomeProcess({ path, argv, env: callersEnvironment(context), cwd: podDir });
}
