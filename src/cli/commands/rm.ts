import { isOperational } from '../cli-error.ts';
import { type Command, type CommandContext, FAILURE, showUsage } from '../command.ts';
import { askedPods, withPod } from '../requests/pod-argument.ts';

const failure = { stderr: 'rm: failed to remove one or more pods\n', exitCode: FAILURE };

/** `rkt rm UUID…`: tries every pod, whatever happens with the others. */
export const execute: Command = async (context) => {
  const pods = await askedPods(context);
  if (pods === 'unreadable') return failure;
  if (pods === undefined) return await showUsage(context);
  let failed = false;
  for (const pod of pods) {
    if (!(await removeOne(context, pod))) failed = true;
  }
  return failed ? failure : { exitCode: 0 };
};

async function removeOne(context: CommandContext, pod: string): Promise<boolean> {
  const engine = await context.engine();
  try {
    const uuid = await withPod('cannot get pod', () => engine.rm(pod));
    context.say({ stream: 'stdout', text: `"${uuid}"\n` });
    return true;
  } catch (error) {
    if (!isOperational(error)) throw error;
    context.sayError(error);
    return false;
  }
}
