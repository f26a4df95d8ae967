import { parseAcName } from '#appc';
import { type Command, showUsage } from '../command.ts';
import { parseLast } from '../requests/flag-text.ts';
import { withPod } from '../requests/pod-argument.ts';

const shell = '/bin/bash';

/** `rkt enter UUID [CMD…]`: becomes a command inside a running pod. */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, ...command] = args;
  if (pod === undefined) return await showUsage(context);
  const app = flags.optional('app') === undefined ? undefined : parseLast(flags, 'app', parseAcName);
  if (command.length === 0) {
    context.say({ stream: 'stderr', text: `enter: no command specified, assuming "${shell}"\n` });
    command.push(shell);
  }
  const engine = await context.engine();
  return await withPod('problem retrieving pod', () => engine.enter({ pod, app, command }));
};
