import { messageOf, RktError } from '#errors';
import { CliError, isOperational } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';

/** Parses every value of a flag that may be given more than once; a value it cannot have is told with the flag's name. */
export function parseAll<T>(flags: FlagValues, name: string, parse: (text: string) => T): T[] {
  return flags.list(name).map((text) => parsed(name, text, parse));
}

/** As `parseAll`, for a flag of which the last occurrence counts; undefined when it was not given. */
export function parseLast<T>(flags: FlagValues, name: string, parse: (text: string) => T): T | undefined {
  return flags.given(name) ? parsed(name, flags.text(name), parse) : undefined;
}

function parsed<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!isOperational(error)) throw error;
    throw invalidValue(name, text, messageOf(error), error instanceof RktError ? error.hint : undefined);
  }
}

export function invalidValue(name: string, text: string, why: string, hint?: string): CliError {
  return new CliError('usage', `invalid argument "${text}" for --${name}=${text}: ${why}`, hint === undefined ? {} : { hint });
}

/** The integer that the text is; throws CliError with `why`. */
export function parseInteger(text: string, why = `strconv.Atoi: parsing "${text}": invalid syntax`): number {
  if (!/^[-+]?\d{1,15}$/.test(text)) throw new CliError('usage', why);
  return Number(text);
}
