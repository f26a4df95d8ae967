import { type Command, FAILURE } from '../command.ts';
import { imageRmLines } from '../output/gc-text.ts';

/** `rkt image gc` */
export const execute: Command = async ({ engine, globals: { debug }, line: { flags }, say }) => {
  const { images, removedTrees } = await (await engine()).imageGc(flags.durationMs('grace-period'));
  for (const tree of removedTrees) say({ stream: 'stderr', text: `gc: removed treestore "${tree}"\n` });
  const { failed, said } = imageRmLines(images, { command: 'gc', debug });
  said.forEach(say);
  return { exitCode: failed ? FAILURE : 0 };
};
