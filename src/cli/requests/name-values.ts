import type { NameValue } from '#appc';
import { CliError } from '../cli-error.ts';

/** `NAME=VALUE`; throws CliError with `why` if there is no `=`. */
export function parseNameValue(text: string, why: string): NameValue {
  const at = text.indexOf('=');
  if (at < 0) throw new CliError('usage', why);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** One entry a name: the last one given, where the name first stood. */
export function lastOfEachName(all: readonly NameValue[]): NameValue[] {
  return [...new Map(all.map(({ name, value }) => [name, value]))].map(([name, value]) => ({ name, value }));
}

/** A record that has only its own names, whatever they are. */
export function toRecord(all: readonly NameValue[]): Record<string, string> {
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}
