import { RktError } from '#errors';
import { CliError, isOperational, isSystemError } from '../cli-error.ts';

/**
 * What standard error tells about a failure, ending in a line feed: `run: …`, the hint below it, and with
 * `debug` the chain of causes and, for a fault in rkt itself, the stack.
 */
export function errorText(thrown: unknown, options: { command: string; debug: boolean }): string {
  if (!isOperational(thrown)) return internalFault(thrown, options);
  const { hint } = thrown as Partial<RktError>;
  const below = hint === undefined ? '' : `${hint}\n`;
  if (thrown instanceof CliError && thrown.code === 'usage') return `Error: ${thrown.message}\n${below}`;
  return `${options.command}: ${options.debug ? causesText(thrown) : summary(thrown)}\n${below}`;
}

/** `doing: reason`: the outermost text that the command gives, and what is at the bottom of it. */
function summary(error: Error): string {
  const reason = error instanceof CliError && error.code === 'failed' ? error.cause : undefined;
  return reason instanceof Error ? `${error.message}: ${summary(reason)}` : oneText(error);
}

function causesText(error: Error): string {
  const lines = [oneText(error)];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    lines.push(`${'  '.repeat(lines.length)}└─${oneText(cause)}`);
  }
  return lines.join('\n');
}

function oneText(error: Error): string {
  return isSystemError(error) ? describeSystemError(error) : error.message;
}

/** `open /etc/rkt/x: permission denied`, as the system says it, from Node's `EACCES: permission denied, open '/etc/rkt/x'`. */
export function describeSystemError(error: NodeJS.ErrnoException): string {
  const reason = /^[A-Z0-9]+: ([^,]+)/.exec(error.message)?.[1] ?? error.message;
  const what = [error.syscall, error.path].filter((part) => part !== undefined).join(' ');
  return reason === error.message ? reason : `${what}: ${goReason(reason)}`;
}

/** Scripts look for the words of the C library, of which libuv has changed a few. */
function goReason(reason: string): string {
  return reason === 'resource busy or locked' ? 'device or resource busy' : reason;
}

function internalFault(thrown: unknown, { command, debug }: { command: string; debug: boolean }): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const stack = debug ? `${error.stack ?? ''}\n` : '';
  return `${command}: internal error: ${error.name}: ${error.message}\n${stack}`;
}
