import { rmSync, writeFileSync } from 'node:fs';
import { podFiles } from '#pod';
import { type AppArgs, type FlavorContext, stage1Layout } from '#stage1/abi';
import { crossOrFail } from './crossing.ts';
import { requirePodMounts } from './run-record.ts';

/** Notes that the app is started, anew perhaps, and runs the image's `app/start`. */
export async function startApp(context: FlavorContext, { appName, debug }: AppArgs): Promise<void> {
  const rootfs = `${context.podDir}/${stage1Layout.rootfs}`;
  requirePodMounts(context.podDir);
  await crossOrFail(context, { entrypoint: 'appStart', app: appName, args: [`--debug=${debug}`, `--app=${appName}`] }, () => {
    // In this order the app is never seen as one that runs and has ended.
    for (const file of [podFiles.started(appName), podFiles.status(appName)]) rmSync(`${rootfs}/${file}`, { force: true });
    writeFileSync(`${rootfs}/${podFiles.started(appName)}`, '', { mode: 0o644 });
  });
}
