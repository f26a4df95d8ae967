import { ConfigError } from './config-error.ts';

type Fields = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; undefined where it is missing or null. @throws {ConfigError} where it is something else */
export function stringField(value: Fields, name: string): string | undefined {
  const field = Object.hasOwn(value, name) ? value[name] : undefined;
  if (field === undefined || field === null) return undefined;
  if (typeof field !== 'string') throw new ConfigError('bad-file', `"${name}" is not a text`);
  return field;
}

/** A text that must be there. @throws {ConfigError} with `complaint` */
export function requiredField(value: Fields, name: string, complaint: string): string {
  const field = stringField(value, name) ?? '';
  if (field === '') throw new ConfigError('bad-file', complaint);
  return field;
}

/** A list of texts with at least one. @throws {ConfigError} with `complaint` */
export function listField(value: Fields, name: string, complaint: string): string[] {
  const field = value[name] ?? [];
  if (!Array.isArray(field) || !field.every((item) => typeof item === 'string')) {
    throw new ConfigError('bad-file', `"${name}" is not a list of texts`);
  }
  if (field.length === 0) throw new ConfigError('bad-file', complaint);
  return field;
}

/** An object; empty where it is missing. @throws {ConfigError} */
export function objectField(value: Fields, name: string): Fields {
  const field = value[name] ?? {};
  if (!isRecord(field)) throw new ConfigError('bad-file', `"${name}" is not an object`);
  return field;
}
