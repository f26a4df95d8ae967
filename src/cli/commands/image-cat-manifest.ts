import { renderImageManifest } from '#appc';
import { type Command, showUsage } from '../command.ts';
import { goJson } from '../output/go-json.ts';

/** `rkt image cat-manifest IMAGE` */
export const execute: Command = async (context) => {
  const [image, more] = context.line.args;
  if (image === undefined || more !== undefined) return await showUsage(context);
  const text = renderImageManifest(await (await context.engine()).imageManifest(image));
  const pretty = context.line.flags.bool('pretty-print');
  return { stdout: `${pretty ? goJson(JSON.parse(text), { pretty }) : text}\n`, exitCode: 0 };
};
