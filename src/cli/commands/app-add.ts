import { attempt, badRequest } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { appArgument } from '../requests/app-argument.ts';
import { withPod } from '../requests/pod-argument.ts';

/** `rkt app add UUID IMAGE`: puts an app into a running pod. */
export const execute: Command = async ({ engine, line: { args, images } }) => {
  const [pod] = args;
  const [image, more] = images;
  if (pod === undefined || image === undefined) throw badRequest('must provide the pod UUID and an IMAGEID');
  if (more !== undefined) throw badRequest('must give only one app');
  const app = appArgument(image);
  const { addApp } = await engine();
  await withPod('problem retrieving pod', () => attempt('error adding app to pod', () => addApp({ pod, app })));
  return { exitCode: 0 };
};
