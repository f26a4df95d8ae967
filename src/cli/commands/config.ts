import { attempt } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { goJson } from '../output/go-json.ts';

/** `rkt config` */
export const execute: Command = async ({ engine, line: { flags } }) => {
  const document = await attempt('cannot get configuration', async () => (await engine()).config());
  return { stdout: `${goJson(document, { pretty: flags.bool('pretty-print') })}\n`, exitCode: 0 };
};
