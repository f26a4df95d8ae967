import { attempt } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';
import { alignTabs } from '../output/table.ts';
import { failedWithOne } from '../failed-with-one.ts';

/** `rkt app list UUID` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, more] = args;
  if (pod === undefined || more !== undefined) return { ...(await showUsage(context)), exitCode: 1 };
  return failedWithOne(context, async () => {
    const engine = await context.engine();
    const { apps } = await attempt('error listing apps', () => engine.status(pod));
    const rows = apps.map(({ name, state }) => `${name}\t${state}`);
    const lines = flags.bool('no-legend') ? rows : ['NAME\tSTATE', ...rows];
    return { stdout: `${alignTabs(lines.join('\n'))}\n`, exitCode: 0 };
  });
};
