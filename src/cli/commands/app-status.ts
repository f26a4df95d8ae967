import { attempt, CliError } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';
import { failedWithOne } from '../failed-with-one.ts';
import { appStatusText } from '../output/app-status.ts';
import type { Format } from '../output/pod-list.ts';

/** `rkt app status UUID --app=NAME` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, more] = args;
  const name = flags.optional('app');
  if (pod === undefined || more !== undefined || name === undefined) return { ...(await showUsage(context)), exitCode: 1 };
  return failedWithOne(context, async () => {
    const engine = await context.engine();
    const { apps } = await attempt('error getting app status', () => engine.status(pod));
    const app = apps.find((each) => each.name === name);
    if (app === undefined) throw new CliError('failed', `cannot find app "${name}" in the pod`);
    return { stdout: appStatusText(app, flags.text('format') as Format), exitCode: 0 };
  });
};
