import { messageOf, quoted } from '#errors';
import { OciError, type OciErrorCode } from './error.ts';

/**
 * Decoding JSON that a registry sent. Unknown members are ignored and never needed again: a document is kept,
 * hashed and sent on as the bytes it came in.
 */

export type JsonObject = Readonly<Record<string, unknown>>;
export type Decode<T> = (value: unknown) => T;

/** What is wrong with a document; `parseDocument` says with which. */
export class Misfit extends Error {}

export function wrong(message: string): never {
  throw new Misfit(message);
}

/** Throws `code` for what is too large, no JSON, or does not decode. */
export function parseDocument<T>(
  { code, what, maximumBytes }: { code: OciErrorCode; what: string; maximumBytes: number },
  bytes: Uint8Array,
  decode: (document: JsonObject) => T,
): T {
  if (bytes.length > maximumBytes) throw new OciError(code, `${what} is larger than ${maximumBytes} bytes`);
  try {
    return decode(objectOf(parseJson(bytes)));
  } catch (thrown) {
    if (!(thrown instanceof Misfit)) throw thrown;
    throw new OciError(code, `bad ${what}: ${thrown.message}`, { cause: thrown });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (thrown) {
    return wrong(`not JSON: ${messageOf(thrown)}`);
  }
}

export function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  return wrong('must be an object');
}

export function stringOf(value: unknown): string {
  if (typeof value !== 'string') return wrong('must be a string');
  return value.includes('\0') ? wrong('must not contain a NUL character') : value.toWellFormed();
}

export function booleanOf(value: unknown): boolean {
  return typeof value === 'boolean' ? value : wrong('must be true or false');
}

export function sizeOf(value: unknown): number {
  return isWhole(value) ? value : wrong('must be a size in bytes');
}

export function wholeOf(value: unknown): number {
  return isWhole(value) ? value : wrong('must be a whole number');
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function listOf<T>(decode: Decode<T>, maximum = Infinity): Decode<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return wrong('must be an array');
    if (value.length > maximum) wrong(`has ${value.length} entries, more than ${maximum}`);
    return value.map((item, index) => within(String(index), item, decode));
  };
}

export function mapOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([name, member]) => [name, within(name, member, stringOf)]));
}

/** The names in an object that is used as a set: `{"80/tcp": {}}`. */
export function namesOf(value: unknown): readonly string[] {
  return Object.keys(objectOf(value)).map(stringOf);
}

export function required<T>(object: JsonObject, name: string, decode: Decode<T>): T {
  const value = optional(object, name, decode);
  return value === undefined ? wrong(`${name} is missing`) : value;
}

/** `null` is as good as absent. */
export function optional<T>(object: JsonObject, name: string, decode: Decode<T>): T | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return value === undefined || value === null ? undefined : within(name, value, decode);
}

function within<T>(step: string, value: unknown, decode: Decode<T>): T {
  try {
    return decode(value);
  } catch (thrown) {
    if (!(thrown instanceof Misfit) && !(thrown instanceof OciError)) throw thrown;
    const place = /^[A-Za-z0-9_.]{1,64}$/.test(step) ? step : quoted(step);
    throw new Misfit(`${place}: ${thrown.message}`, { cause: thrown });
  }
}

type Loose<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? T[K] | undefined : T[K] };

/** The object without its undefined members. */
export function defined<T extends object>(members: Loose<T>): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
