import { badRequest } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { imageArgument } from '../requests/app-argument.ts';
import { pullPolicy } from '../requests/prepare-request.ts';

/** How much of an image ID is printed without `--full`: `sha512-` and 32 digits. */
const shortLength = 'sha512-'.length + 32;

/** `rkt fetch IMAGE…`: prints an image ID for each. */
export const execute: Command = async ({ engine, line: { flags, images } }) => {
  if (images.length === 0) throw badRequest('must provide at least one image');
  const request = { images: images.map(imageArgument), pullPolicy: pullPolicy(flags) };
  const ids = await (await engine()).fetch(request);
  const shown = flags.bool('full') ? ids : ids.map((id) => id.slice(0, shortLength));
  return { stdout: shown.map((id) => `${id}\n`).join(''), exitCode: 0 };
};
