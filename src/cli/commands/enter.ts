import { RktError } from '#errors';
import { type Command, showUsage } from '../command.ts';
import { appFlag } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

const shell = '/bin/bash';

/** What a shell exits with for a command that is not there, for which ocf:heartbeat:rkt asks, or is none. */
const STATUSES: Readonly<Record<string, number>> = { 'no-program': 127, 'not-executable': 126 };

/** `rkt enter UUID [CMD…]`: becomes a command inside a running pod. */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, ...command] = args;
  if (pod === undefined) return await showUsage(context);
  const app = appFlag(flags);
  if (command.length === 0) {
    context.say({ stream: 'stderr', text: `enter: no command specified, assuming "${shell}"\n` });
    command.push(shell);
  }
  const engine = await context.engine();
  try {
    return await withPod('problem retrieving pod', () => engine.enter({ pod, app, command }));
  } catch (error) {
    const exitCode = error instanceof RktError ? STATUSES[error.code] : undefined;
    if (exitCode === undefined) throw error;
    context.sayError(error);
    return { exitCode };
  }
};
