import { badRequest } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { checkPortsWithNet, checkRegistrationWithNet } from '../requests/net-option.ts';
import { prepareRequest } from '../requests/prepare-request.ts';
import { runOptions } from '../requests/run-options.ts';

/** `rkt run IMAGE…`: makes a pod and becomes it. */
export const execute: Command = async ({ engine, environment, line }) => {
  const prepare = prepareRequest(line, environment);
  const run = runOptions(line.flags);
  const uuidFileSave = line.flags.optional('uuid-file-save');
  checkPortsWithNet(run.net, prepare.ports);
  checkRegistrationWithNet(run.net, run.mdsRegister);
  if (run.interactive && prepare.apps.length > 1) throw badRequest('interactive option only supports one image');
  return await (await engine()).run({ prepare, run, ...(uuidFileSave === undefined ? {} : { uuidFileSave }) });
};
