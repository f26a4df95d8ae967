import { attempt } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { appOfPod } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

/** `rkt app stop UUID --app=NAME`: returns when the app has ended. */
export const execute: Command = async ({ engine, line }) => {
  const request = await appOfPod(line, 'stop');
  const { stopApp } = await engine();
  const { outcome, uuid } = await withPod('problem retrieving pod', () => attempt('error stopping app', () => stopApp(request)));
  return { ...(outcome === 'stopped' ? {} : { stdout: `pod "${uuid}" is already stopped\n` }), exitCode: 0 };
};
