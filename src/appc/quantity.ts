import { quoted } from '#errors';
import { AppcError } from './error.ts';

/** Amounts of a resource as Kubernetes and appc write them: `42Mi`, `900m`, `1.5G`, `12e6`. */

type Format = 'decimal' | 'binary' | 'exponent';

interface Quantity {
  readonly format: Format;
  /** In nano units, rounded away from zero. */
  readonly nanos: bigint;
  /** Written as it is rendered: Go keeps such a text, and rewrites every other. */
  readonly isCanonical: boolean;
}

const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const NANO = 10n ** 9n;
const MAXIMUM_DIGITS = 40;

/**
 * The amount in whole units (bytes, shares) or in thousandths of one (`milli`, for processors), rounded up.
 *
 * Throws `bad-quantity`; also for an amount beyond 2^53, which no machine has.
 */
export function parseQuantity(text: string, unit: 'one' | 'milli' = 'one'): number {
  const { nanos } = readQuantity(text);
  const amount = Number(divideAwayFromZero(nanos, unit === 'milli' ? NANO / 1000n : NANO));
  if (Number.isSafeInteger(amount)) return amount;
  throw new AppcError('bad-quantity', `quantity ${quoted(text)} is too large`);
}

/** The text as Go's resource.Quantity writes it back: `1000m` becomes `1`, `1.5Gi` becomes `1536Mi`. */
export function canonicalQuantity(text: string): string {
  const { format, nanos, isCanonical } = readQuantity(text);
  if (isCanonical) return text;
  if (nanos === 0n) return '0';
  const whole = nanos / NANO;
  const isSmall = whole > -1024n && whole < 1024n;
  if (format !== 'binary' || isSmall || whole * NANO !== nanos) return renderDecimal(nanos, format);
  const { value, times } = withoutFactor(whole, 1024n);
  return `${value}${times === 0 ? '' : BINARY[times - 1]}`;
}

function renderDecimal(nanos: bigint, format: Format): string {
  const { value, times } = withoutFactor(nanos, 1000n);
  const suffix = format === 'exponent' && times !== 3 ? `e${(times - 3) * 3}` : (DECIMAL[times] ?? '');
  return `${value}${suffix}`;
}

function withoutFactor(value: bigint, factor: bigint): { value: bigint; times: number } {
  let times = 0;
  for (; value % factor === 0n; times += 1) value /= factor;
  return { value, times };
}

function divideAwayFromZero(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return quotient + (value < 0n ? -1n : 1n);
}

function readQuantity(text: string): Quantity {
  const match = text.length > MAXIMUM_DIGITS ? null : SHAPE.exec(text);
  const [, sign = '', number = '', fraction = '', suffix = ''] = match ?? [];
  if (match === null || number + fraction === '') {
    throw new AppcError('bad-quantity', `${quoted(text)} is not a quantity`, { hint: 'say 512Mi, 2G, 900m or 1.5' });
  }
  const { format, base, exponent } = readSuffix(text, suffix);
  const digits = number.replace(/^0+/, '') || '0';
  const magnitude = BigInt(digits + fraction) * NANO * (exponent > 0 ? base ** BigInt(exponent) : 1n);
  const divisor = 10n ** BigInt(fraction.length) * (exponent < 0 ? base ** BigInt(-exponent) : 1n);
  const nanos = divideAwayFromZero(sign === '-' ? -magnitude : magnitude, divisor);
  return { format, nanos, isCanonical: isCanonical(format, digits, fraction, exponent) };
}

function readSuffix(text: string, suffix: string): { format: Format; base: bigint; exponent: number } {
  const binary = BINARY.indexOf(suffix);
  if (binary !== -1) return { format: 'binary', base: 2n, exponent: (binary + 1) * 10 };
  const decimal = DECIMAL.indexOf(suffix);
  if (decimal !== -1) return { format: 'decimal', base: 10n, exponent: (decimal - 3) * 3 };
  const exponent = /^[eE]([+-]?[0-9]{1,2})$/.exec(suffix)?.[1];
  if (exponent !== undefined) return { format: 'exponent', base: 10n, exponent: Number(exponent) };
  throw new AppcError('bad-quantity', `unable to parse quantity's suffix: ${quoted(text)}`, {
    hint: 'suffixes are n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e6',
  });
}

/** Where Go keeps the text: an integer that needs no rewriting and fits its 64 bit path. */
function isCanonical(format: Format, digits: string, fraction: string, exponent: number): boolean {
  const written = digits + fraction;
  if (format === 'binary') {
    const fits = 15 - digits.length - Math.trunc(exponent * 0.3) - 1 >= 0;
    return fits && fraction === '' && BigInt(digits) % 8n !== 0n;
  }
  const scale = exponent - fraction.length;
  return written.length <= 18 && scale >= -9 && scale % 3 === 0 && !written.endsWith('000') && !written.startsWith('0');
}
