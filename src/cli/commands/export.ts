import { extname } from 'node:path';
import { badRequest } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';
import { appFlag } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

const extension = '.aci';

/** `rkt export UUID OUTPUT_ACI_FILE` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, output, more] = args;
  if (pod === undefined || output === undefined || more !== undefined) return await showUsage(context);
  if (extname(output) !== extension) throw badRequest(`extension must be ${extension} (given ${output})`);
  const app = appFlag(flags);
  const engine = await context.engine();
  await withPod('problem retrieving pod', () => engine.exportPod({ pod, app, output, overwrite: flags.bool('overwrite') }));
  return { exitCode: 0 };
};
