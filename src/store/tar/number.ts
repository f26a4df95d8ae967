const SPACE = 0x20;
const ZERO = 0x30;

/**
 * A number of a tar header: octal text padded by spaces and NULs, or GNU's base 256 where the top bit is set.
 *
 * @returns undefined where it is neither, or too big to be exact
 */
export function parseNumber(field: Buffer): number | undefined {
  return (field[0]! & 0x80) === 0 ? parseOctal(field) : parseBase256(field);
}

function parseOctal(field: Buffer): number | undefined {
  let at = 0;
  let end = field.length;
  while (at < end && (field[at] === SPACE || field[at] === 0)) at += 1;
  while (end > at && (field[end - 1] === SPACE || field[end - 1] === 0)) end -= 1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = field[at]! - ZERO;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Two's complement, big endian; the top bit is the mark and not part of the number. */
function parseBase256(field: Buffer): number | undefined {
  const negative = (field[0]! & 0x40) !== 0;
  let value = BigInt(negative ? field[0]! | ~0xff : field[0]! & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A whole number as decimal text, as PAX records have it; undefined where it is not one. */
export function parseDecimal(text: string): number | undefined {
  if (!/^-?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
