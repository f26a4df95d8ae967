import { attempt } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { appOfPod } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

/** `rkt app rm UUID --app=NAME` */
export const execute: Command = async ({ engine, line }) => {
  const request = await appOfPod(line, 'remove');
  const { rmApp } = await engine();
  await withPod('problem retrieving pod', () => attempt('error removing app', () => rmApp(request)));
  return { exitCode: 0 };
};
