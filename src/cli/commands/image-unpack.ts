import { type Command, showUsage } from '../command.ts';

/** `rkt image extract IMAGE DIR` and `rkt image render IMAGE DIR` */
export const execute: Command = async (context) => {
  const { args, command, flags } = context.line;
  const [image, output, more] = args;
  if (image === undefined || output === undefined || more !== undefined) return await showUsage(context);
  const kind = command.name === 'extract' ? 'extract' : 'render';
  const rootfsOnly = flags.bool('rootfs-only');
  await (await context.engine()).imageUnpack({ kind, image, output, rootfsOnly, overwrite: flags.bool('overwrite') });
  return { exitCode: 0 };
};
