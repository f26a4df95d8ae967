import { messageOf, type RktError } from '#errors';
import { CliError, isOperational } from '../cli-error.ts';

/**
 * What standard error tells about a failure, ending in a line feed: `run: …`, the hint below it, and with
 * `debug` the chain of causes and, for a fault in rkt itself, the stack.
 */
export function errorText(thrown: unknown, options: { command: string; debug: boolean }): string {
  return visible(textOf(thrown, options));
}

/** A name that somebody else has chosen must not move the cursor or change the title of the terminal. */
function visible(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

function textOf(thrown: unknown, options: { command: string; debug: boolean }): string {
  if (!isOperational(thrown)) return internalFault(thrown, options);
  const { hint } = thrown as Partial<RktError>;
  const below = hint === undefined ? '' : `${hint}\n`;
  if (thrown instanceof CliError && thrown.code === 'usage') return `Error: ${thrown.message}\n${below}`;
  return `${options.command}: ${options.debug ? causesText(thrown) : summary(thrown)}\n${below}`;
}

/** `doing: reason`: the outermost text that the command gives, and what is at the bottom of it. */
function summary(error: Error): string {
  const reason = error instanceof CliError && error.code === 'failed' ? error.cause : undefined;
  return reason instanceof Error ? `${error.message}: ${summary(reason)}` : messageOf(error);
}

function causesText(error: Error): string {
  const lines = [messageOf(error)];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    lines.push(`${'  '.repeat(lines.length)}└─${messageOf(cause)}`);
  }
  return lines.join('\n');
}

function internalFault(thrown: unknown, { command, debug }: { command: string; debug: boolean }): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const stack = debug ? `${error.stack ?? ''}\n` : '';
  return `${command}: internal error: ${error.name}: ${error.message}\n${stack}`;
}
