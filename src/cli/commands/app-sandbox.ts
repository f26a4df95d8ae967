import { parseAcIdentifier, parseSandboxPortFlag } from '#appc';
import { parsePodName } from '#pod';
import type { PrepareRequest } from '#stage0';
import { type Command } from '../command.ts';
import { failedWithOne } from '../failed-with-one.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { nameValues } from '../requests/app-argument.ts';
import { parseAll, parseLast } from '../requests/flag-text.ts';
import { toRecord } from '../requests/name-values.ts';
import { checkPortsWithNet } from '../requests/net-option.ts';
import { runOptions } from '../requests/run-options.ts';
import { stage1Choice } from '../requests/stage1-choice.ts';

/** `rkt app sandbox`: makes a pod without apps and becomes it. */
export const execute: Command = async (context) => {
  const { flags } = context.line;
  return failedWithOne(context, async () => {
    const prepare = sandboxRequest(flags);
    const run = runOptions(flags);
    checkPortsWithNet(run.net, prepare.ports);
    const uuidFileSave = flags.optional('uuid-file-save');
    return await (await context.engine()).run({ prepare, run, ...(uuidFileSave === undefined ? {} : { uuidFileSave }) });
  });
};

function sandboxRequest(flags: FlagValues): PrepareRequest {
  const podName = parseLast(flags, 'pod-name', parsePodName);
  return {
    apps: [],
    sandbox: {
      annotations: nameValues(flags, 'annotation', parseAcIdentifier),
      userAnnotations: toRecord(nameValues(flags, 'user-annotation')),
      userLabels: toRecord(nameValues(flags, 'user-label')),
    },
    volumes: [],
    mounts: [],
    ports: parseAll(flags, 'port', parseSandboxPortFlag),
    environment: { inherited: [], fromFiles: [], explicit: [] },
    pullPolicy: 'never',
    noOverlay: flags.bool('no-overlay'),
    privateUsers: flags.bool('private-users'),
    verifyContent: false,
    ...(podName === undefined ? {} : { podName }),
    ...stage1Choice(flags),
  };
}
