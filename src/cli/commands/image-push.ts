import { type Command, showUsage } from '../command.ts';

/** `rkt image push IMAGE docker://REFERENCE`: prints the digest of the manifest. */
export const execute: Command = async (context) => {
  const [image, destination, more] = context.line.args;
  if (image === undefined || destination === undefined || more !== undefined) return await showUsage(context);
  const digest = await (await context.engine()).imagePush(image, destination);
  return { stdout: `${digest}\n`, exitCode: 0 };
};
