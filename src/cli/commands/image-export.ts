import type { ImageFormat } from '#stage0';
import { type Command, showUsage } from '../command.ts';

/** `rkt image export IMAGE OUTPUT` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [image, output, more] = args;
  if (image === undefined || output === undefined || more !== undefined) return await showUsage(context);
  const format = flags.text('format') as ImageFormat;
  await (await context.engine()).imageExport({ image, format, output, overwrite: flags.bool('overwrite') });
  return { exitCode: 0 };
};
