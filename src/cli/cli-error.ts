import { isSystemError, RktError } from '#errors';

type CliErrorCode =
  /** The command line is not what the command takes; told as `Error: …` with a pointer to the help. */
  | 'usage'
  /** The words are well formed, but not together, or not with what they refer to. */
  | 'bad-request'
  /** A command or flag of rkt that this version does not have. */
  | 'not-available'
  | 'unprivileged'
  /** The engine could not do it; the cause tells why. */
  | 'failed';

export class CliError extends RktError<CliErrorCode> {
  override readonly name = 'CliError';
}

/** What the command line says is not possible: `run: must provide at least one image`. */
export function badRequest(message: string): CliError {
  return new CliError('bad-request', message);
}

/** Runs `action`; what it throws becomes the cause of an error that says `doing` first. */
export async function attempt<T>(doing: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isOperational(error)) throw error;
    const hint = error instanceof RktError ? error.hint : undefined;
    throw new CliError('failed', doing, { cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}

/** Whether it is a matter between the user and the machine, and not a fault in rkt itself. */
export function isOperational(thrown: unknown): thrown is Error {
  return thrown instanceof RktError || isSystemError(thrown);
}
