import { badRequest } from '../cli-error.ts';
import { type Command, FAILURE } from '../command.ts';
import { imageRmLines } from '../output/gc-text.ts';

/** `rkt image rm IMAGE…`: an image that is not there is told of, and not a failure. */
export const execute: Command = async ({ engine, globals: { debug }, line: { args }, say }) => {
  if (args.length === 0) throw badRequest('must provide at least one image ID');
  const { failed, said } = imageRmLines(await (await engine()).imageRm(args), { command: 'rm', debug });
  said.forEach(say);
  return { exitCode: failed ? FAILURE : 0 };
};
