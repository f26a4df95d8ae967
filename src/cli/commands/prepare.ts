import type { Command } from '../command.ts';
import { prepareRequest } from '../requests/prepare-request.ts';

/** `rkt prepare IMAGE…`: makes a pod and prints its UUID. A pod of which nobody is told does not stay. */
export const execute: Command = async (context) => {
  const request = prepareRequest(context.line, context.environment);
  const engine = await context.engine();
  const uuid = await engine.prepare(request);
  try {
    context.say({ stream: 'stdout', text: `${uuid}\n` });
  } catch (error) {
    await engine.rm(uuid);
    throw error;
  }
  return { exitCode: 0 };
};
