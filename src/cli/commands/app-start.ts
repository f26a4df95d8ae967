import { attempt } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { appOfPod } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

/** `rkt app start UUID --app=NAME` */
export const execute: Command = async ({ engine, line }) => {
  const request = await appOfPod(line, 'start');
  const { startApp } = await engine();
  await withPod('problem retrieving pod', () => attempt('error starting app', () => startApp(request)));
  return { exitCode: 0 };
};
