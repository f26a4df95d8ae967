import type { Command } from '../command.ts';
import { prepareRequest } from '../requests/prepare-request.ts';

/** `rkt prepare IMAGE…`: makes a pod and prints its UUID. */
export const execute: Command = async ({ engine, environment, line }) => {
  const request = prepareRequest(line, environment);
  return { stdout: `${await (await engine()).prepare(request)}\n`, exitCode: 0 };
};
