import type { AppAddArgs, FlavorContext, TreeMount } from '#stage1/abi';
import { appBandwidth } from './bandwidth.ts';
import { writeBundle } from './bundle.ts';
import { OciStage1Error } from './errors.ts';
import { removeApp } from './app-rm.ts';
import { mountTrees } from './pod-mounts.ts';
import { podOfRunning } from './running-pod.ts';
import { joinPodMounts } from './supervisor-process.ts';

/**
 * Mounts the app's tree where the apps of the pod have theirs, and writes its bundle.
 *
 * @throws {OciStage1Error} 'not-running', 'not-mutable', and whatever keeps the app from running
 */
export async function addApp(context: FlavorContext, args: AppAddArgs, trees: readonly TreeMount[]): Promise<void> {
  const { podDir } = context;
  const supervisor = joinPodMounts(podDir);
  const app = args.manifest.apps.find(({ name }) => name === args.appName);
  if (app === undefined) throw new OciStage1Error('no-app', `the pod's manifest has no app "${args.appName}"`);
  const pod = podOfRunning(context, supervisor, args.manifest);
  if (pod.network.kind !== 'host' && appBandwidth(app) !== undefined) {
    context.warn(`warning: isolator "resource/network-bandwidth" of app "${app.name}" is not enforced: the pod has its network already`);
  }
  try {
    mountTrees({ podDir, trees, apps: [app.name], users: pod.users });
    await writeBundle(pod, app);
  } catch (error) {
    removeApp(podDir, pod.runtime, args.appName);
    throw error;
  }
}
