import { messageOf, quoted } from '#errors';
import { AppcError } from './error.ts';

/**
 * Decoding JSON that strangers wrote, with the tolerance of Go's encoding/json where manifests rely on it:
 * unknown members are ignored, `null` is as good as absent, and a member's name may differ in case.
 * Stricter: no name twice in one object, no NUL in a string, and limits on size and depth.
 */

/** In UTF-16 code units. */
const MAXIMUM_LENGTH = 4 * 1024 * 1024;
const MAXIMUM_DEPTH = 64;

export type Decode<T> = (value: unknown) => T;
export type JsonObject = Readonly<Record<string, unknown>>;

/** What is wrong, and the way to it from the top of the document. */
class Misfit extends Error {
  readonly path: string;

  constructor(step: string, thrown: unknown) {
    super(messageOf(thrown), { cause: thrown });
    this.path = thrown instanceof Misfit ? step + (thrown.path.startsWith('[') ? '' : '.') + thrown.path : step;
  }
}

/** Throws `bad-manifest`, naming the document and the member in it. */
export function parseDocument<T>(what: string, json: string, decode: Decode<T>): T {
  try {
    return decode(parseJson(json));
  } catch (thrown) {
    if (!(thrown instanceof Misfit) && !(thrown instanceof AppcError)) throw thrown;
    const place = thrown instanceof Misfit ? `${thrown.path}: ` : '';
    throw new AppcError('bad-manifest', `bad ${what}: ${place}${thrown.message}`, { cause: thrown });
  }
}

export function wrong(message: string): never {
  throw new AppcError('bad-manifest', message);
}

function parseJson(json: string): unknown {
  if (json.length > MAXIMUM_LENGTH) wrong(`longer than ${MAXIMUM_LENGTH} characters`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (thrown) {
    throw new AppcError('bad-manifest', `not JSON: ${messageOf(thrown)}`, { cause: thrown });
  }
  if (countNames(value, 0) !== countWrittenNames(json)) wrong('an object has the same name twice');
  return value;
}

function countNames(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === MAXIMUM_DEPTH) wrong(`nested deeper than ${MAXIMUM_DEPTH} levels`);
  const members = Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce<number>((sum, member) => sum + countNames(member, depth + 1), own);
}

const SPACE = 0x20;
const COLON = 0x3a;

/** Strings followed by a colon, in a text known to be JSON. */
function countWrittenNames(json: string): number {
  let count = 0;
  for (let at = json.indexOf('"'); at !== -1; at = json.indexOf('"', at)) {
    at = endOfString(json, at) + 1;
    while (json.charCodeAt(at) <= SPACE) at += 1;
    if (json.charCodeAt(at) === COLON) count += 1;
  }
  return count;
}

function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function typeOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

export function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  return wrong(`must be an object, not ${typeOf(value)}`);
}

export function stringOf(value: unknown): string {
  if (typeof value !== 'string') return wrong(`must be a string, not ${typeOf(value)}`);
  if (value.includes('\0')) return wrong('must not contain a NUL character');
  return value.toWellFormed();
}

export function booleanOf(value: unknown): boolean {
  return typeof value === 'boolean' ? value : wrong(`must be true or false, not ${typeOf(value)}`);
}

export function integerOf(minimum: number, maximum: number): Decode<number> {
  return (value) => {
    if (typeof value !== 'number') return wrong(`must be a number, not ${typeOf(value)}`);
    if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    return wrong(`must be an integer from ${minimum} to ${maximum}, not ${value}`);
  };
}

export function listOf<T>(decode: Decode<T>): Decode<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return wrong(`must be an array, not ${typeOf(value)}`);
    return value.map((item, index) => within(`[${index}]`, item, decode));
  };
}

export function mapOf(value: unknown): Readonly<Record<string, string>> {
  const members = Object.entries(objectOf(value));
  return Object.fromEntries(members.map(([name, member]) => [stringOf(name), within(name, member, stringOf)]));
}

export function required<T>(object: JsonObject, name: string, decode: Decode<T>): T {
  const value = member(object, name);
  return value === undefined || value === null ? wrong(`${name} must be set`) : within(name, value, decode);
}

export function optional<T>(object: JsonObject, name: string, decode: Decode<T>): T | undefined {
  const value = member(object, name);
  return value === undefined || value === null ? undefined : within(name, value, decode);
}

function member(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  const folded = name.toLowerCase();
  const key = Object.keys(object).find((other) => other.length === name.length && other.toLowerCase() === folded);
  return key === undefined ? undefined : object[key];
}

function within<T>(step: string, value: unknown, decode: Decode<T>): T {
  try {
    return decode(value);
  } catch (thrown) {
    if (thrown instanceof Misfit || thrown instanceof AppcError) throw new Misfit(step, thrown);
    throw thrown;
  }
}

/** Throws for the first item whose name was there before: `duplicate labels of name "os"`. */
export function refuseDuplicates(items: readonly { readonly name: string }[], what: string): void {
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name)) wrong(`duplicate ${what} ${quoted(name)}`);
    seen.add(name);
  }
}

type Loose<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? T[K] | undefined : T[K] };

/** The object without its undefined members. */
export function defined<T extends object>(members: Loose<T>): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
