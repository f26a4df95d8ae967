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

/** What was thrown, as text for a user. */
export function messageOf(thrown: unknown): string {
  if (isSystemError(thrown)) return describeSystemError(thrown);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** An error of a system call, as Node makes them. */
export function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}

/** `open /etc/rkt/x: permission denied`, as the system says it, from Node's `EACCES: permission denied, open '/etc/rkt/x'`. */
function describeSystemError(error: NodeJS.ErrnoException): string {
  const reason = /^[A-Z0-9]+: ([^,]+)/.exec(error.message)?.[1];
  if (error.syscall === 'uv_cwd') return 'getcwd: no such file or directory';
  if (reason === undefined) return error.message;
  const what = [error.syscall, error.path].filter((part) => part !== undefined).join(' ');
  return `${what}: ${WORDS[reason] ?? reason}`;
}

/** Scripts look for the words of the C library, of which libuv has changed a few. */
const WORDS: Readonly<Record<string, string>> = {
  'resource busy or locked': 'device or resource busy',
  'illegal operation on a directory': 'is a directory',
};

/** Text in double quotes with everything unprintable escaped: what strangers wrote goes into messages only like this. */
export function quoted(text: string): string {
  const shown = text.length > LONGEST_QUOTED ? `${text.slice(0, LONGEST_QUOTED)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit);
}

const LONGEST_QUOTED = 256;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
