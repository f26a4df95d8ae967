import { type AppArgs, type FlavorContext, stage1Layout } from '#stage1/abi';
import { unmountAll } from '#sys';
import { crossOrFail } from './crossing.ts';
import { hasAppFiles, removeAppFiles } from './pod-files.ts';
import { inPodMounts } from './pod-mounts.ts';

/** Runs the image's `app/rm` for an app that is there, and takes away what was mounted and written for it. */
export async function rmApp(context: FlavorContext, { appName, debug }: AppArgs): Promise<void> {
  const { podDir } = context;
  if (!inPodMounts(context, () => hasAppFiles(podDir, appName))) return;
  await crossOrFail(context, { entrypoint: 'appRm', app: appName, args: [`--debug=${debug}`, `--app=${appName}`] });
  inPodMounts(context, () => {
    unmountAll(`${podDir}/${stage1Layout.appRootfs(appName)}`);
    removeAppFiles(podDir, appName);
  });
}
