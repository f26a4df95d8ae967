import { type FlavorContext, PROGRAM_VARIABLE } from '#stage1/abi';

/** What an entrypoint finds in its environment: besides the caller's, which rkt has executed it. */
export function callersEnvironment(context: FlavorContext): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...programVariable(context) };
}

export function programVariable({ program }: FlavorContext): Record<string, string> {
  return program === undefined ? {} : { [PROGRAM_VARIABLE]: program };
}
