import { badRequest } from '../cli-error.ts';

const CONTROL = /^ctrl-([a-z@[\\\]^_])$/;

/** The bytes that the keys send: `ctrl-p,ctrl-q`, `q`, or nothing. */
export function parseDetachKeys(text: string): Buffer {
  return Buffer.from(text === '' ? [] : text.split(',').map(keyByte));
}

function keyByte(key: string): number {
  const letter = CONTROL.exec(key)?.[1];
  if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
  if (/^[ -~]$/.test(key)) return key.charCodeAt(0);
  throw badRequest(`no key for --detach-keys: ${JSON.stringify(key)}; say ctrl-a to ctrl-z, or a single character`);
}
