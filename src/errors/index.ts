/**
 * The base of every error a user may see.
 *
 * Each room closes its own set of codes: `class PodError extends RktError<'pod-not-found' | 'pod-running'>`.
 * The message is lower case, without a full stop and without secrets; the hint says what to do about it.
 * A fault of the programmer is a plain `Error` and is never caught.
 */
export class RktError<Code extends string = string> extends Error {
  override readonly name: string = 'RktError';
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** What was thrown, as one line of text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
