import { isOperational } from './cli-error.ts';
import type { CommandContext, Outcome } from './command.ts';

/** Runs a command that, unlike most, has always exited 1 when it could not do what was asked. */
export async function failedWithOne(context: CommandContext, body: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await body();
  } catch (error) {
    if (!isOperational(error)) throw error;
    context.sayError(error);
    return { exitCode: 1 };
  }
}
