import { type Command, showUsage } from '../command.ts';
import { checkRegistrationWithNet } from '../requests/net-option.ts';
import { withPod } from '../requests/pod-argument.ts';
import { runOptions } from '../requests/run-options.ts';

/** `rkt run-prepared UUID`: becomes a pod that was prepared. */
export const execute: Command = async (context) => {
  const [pod, more] = context.line.args;
  if (pod === undefined || more !== undefined) return await showUsage(context);
  const options = runOptions(context.line.flags);
  checkRegistrationWithNet(options.net, options.mdsRegister);
  const engine = await context.engine();
  return await withPod('problem retrieving pod', () => engine.runPrepared(pod, options));
};
