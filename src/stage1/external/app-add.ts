import type { AppAddArgs, FlavorContext, TreeMount } from '#stage1/abi';
import { ExternalStage1Error } from './errors.ts';
import { crossOrFail } from './crossing.ts';
import { writeAppFiles } from './pod-files.ts';
import { mountTree } from './pod-mounts.ts';
import { requirePodMounts } from './run-record.ts';

/** Mounts the app's files where those of the pod are, writes its environment and runs the image's `app/add`. */
export async function addApp(context: FlavorContext, args: AppAddArgs, trees: readonly TreeMount[]): Promise<void> {
  const { podDir } = context;
  const { appName, debug, manifest, uuid } = args;
  const app = manifest.apps.find(({ name }) => name === appName);
  if (app === undefined) throw new ExternalStage1Error('no-app', `the pod's manifest has no app "${appName}"`);
  requirePodMounts(podDir);
  const words = [`--debug=${debug}`, `--uuid=${uuid}`, `--app=${appName}`];
  await crossOrFail(context, { entrypoint: 'appAdd', app: appName, args: words }, () => {
    trees.forEach(mountTree);
    writeAppFiles(podDir, app);
  });
}
