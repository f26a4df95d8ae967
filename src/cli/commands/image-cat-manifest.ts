import { renderImageManifest } from '#appc';
import { type Command, showUsage } from '../command.ts';

/** `rkt image cat-manifest IMAGE` */
export const execute: Command = async (context) => {
  const [image, more] = context.line.args;
  if (image === undefined || more !== undefined) return await showUsage(context);
  const manifest = await (await context.engine()).imageManifest(image);
  const pretty = context.line.flags.bool('pretty-print');
  return { stdout: `${renderImageManifest(manifest, pretty ? { indent: '\t' } : {})}\n`, exitCode: 0 };
};
