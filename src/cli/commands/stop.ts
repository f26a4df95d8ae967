import { isOperational } from '../cli-error.ts';
import { type Command, type CommandContext, FAILURE, showUsage } from '../command.ts';
import { askedPods, withPod } from '../requests/pod-argument.ts';

/** `rkt stop UUID…`: tries every pod, whatever happens with the others. */
export const execute: Command = async (context) => {
  const pods = await askedPods(context);
  if (pods === 'unreadable') return { exitCode: 1 };
  if (pods === undefined) return await showUsage(context);
  let failed = 0;
  for (const pod of pods) {
    if (!(await stopOne(context, pod))) failed++;
  }
  if (failed === 0) return { exitCode: 0 };
  return { stderr: `stop: failed to stop ${failed} pod(s)\n`, exitCode: FAILURE };
};

/** Whether the pod does not run any more, or will not soon. */
async function stopOne(context: CommandContext, pod: string): Promise<boolean> {
  const engine = await context.engine();
  try {
    const { outcome, uuid } = await withPod('cannot get pod', () =>
      engine.stop(pod, { force: context.line.flags.bool('force') }),
    );
    const text = outcome === 'stopped' ? `"${uuid}"\n` : `pod "${uuid}" is already stopped\n`;
    context.say({ stream: 'stdout', text });
    return true;
  } catch (error) {
    if (!isOperational(error)) throw error;
    context.sayError(error);
    return false;
  }
}
