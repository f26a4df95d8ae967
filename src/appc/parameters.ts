import { quoted } from '#errors';
import { AppcError, type AppcErrorCode } from './error.ts';

/** Lists of `key=value` with commas between them, as volumes, mounts and image names are written on the command line. */
export type Parameters = ReadonlyMap<string, string>;

/** Values are taken as they stand. Throws `code` for a part without `=` and for a key given twice. */
export function parseParameters(code: AppcErrorCode, text: string): Parameters {
  const parameters = new Map<string, string>();
  for (const part of text.split(',')) {
    const [key = '', ...value] = part.split('=');
    if (value.length === 0) {
      throw new AppcError(code, `malformed string ${quoted(text)} - has a label without a value: ${plain(key)}`);
    }
    addParameter(code, parameters, key, value.join('='));
  }
  return parameters;
}

function addParameter(code: AppcErrorCode, parameters: Map<string, string>, key: string, value: string): void {
  const before = parameters.get(key);
  if (before !== undefined) {
    throw new AppcError(code, `label ${plain(key)} with multiple values [${quoted(before)} ${quoted(value)}]`);
  }
  if (value.includes('\0')) throw new AppcError(code, `the value of ${quoted(key)} has a NUL character in it`);
  parameters.set(key, value);
}

/** Bare, unless there is anything unusual in it. */
function plain(key: string): string {
  return /^[\x21-\x7e]{1,64}$/.test(key) ? key : quoted(key);
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  ['1', 't', 'T', 'TRUE', 'true', 'True'].map((word): [string, boolean] => [word, true]).concat(
    ['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word): [string, boolean] => [word, false]),
  ),
);

export function parseBoolean(code: AppcErrorCode, text: string): boolean {
  const value = BOOLEANS.get(text);
  if (value !== undefined) return value;
  throw new AppcError(code, `strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
}

/** A user, group or other number that is never negative. */
export function parseNumber(code: AppcErrorCode, text: string): number {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text);
  throw new AppcError(code, `strconv.Atoi: parsing ${quoted(text)}: invalid syntax`);
}
