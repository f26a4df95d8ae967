const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const month = 30 * day;
const year = 12 * month;

/** Seconds below which a text holds, the text, and what `%d` counts. */
const magnitudes: readonly (readonly [below: number, text: string, unit: number])[] = [
  [1, 'now', 1],
  [2, '1 second', 1],
  [minute, '%d seconds', 1],
  [2 * minute, '1 minute', 1],
  [hour, '%d minutes', minute],
  [2 * hour, '1 hour', 1],
  [day, '%d hours', hour],
  [2 * day, '1 day', 1],
  [week, '%d days', day],
  [2 * week, '1 week', 1],
  [month, '%d weeks', week],
  [2 * month, '1 month', 1],
  [year, '%d months', month],
  [18 * month, '1 year', 1],
  [2 * year, '2 years', 1],
  [37 * year, '%d years', year],
  [Infinity, 'a long while', 1],
];

/** `now`, `5 minutes ago`, `1 hour from now`. Both times in nanoseconds since the epoch. */
export function humanTime(then: bigint, now: bigint): string {
  const difference = Number(now / 1_000_000_000n - then / 1_000_000_000n);
  const seconds = Math.abs(difference);
  const [, text, unit] = magnitudes.find(([below]) => seconds < below) ?? [0, 'a long while', 1];
  if (text === 'now') return text;
  return `${text.replace('%d', String(Math.floor(seconds / unit)))} ${then > now ? 'from now' : 'ago'}`;
}

const suffixes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.9MiB`, `33MiB`, `7B`. */
export function humanSize(bytes: number): string {
  if (bytes < 10) return `${bytes}B`;
  let exponent = 0;
  for (let rest = bytes; rest >= 1024 && exponent < suffixes.length - 1; rest /= 1024) exponent++;
  const value = Math.floor((bytes / 1024 ** exponent) * 10 + 0.5) / 10;
  return `${value.toFixed(value < 10 ? 1 : 0)}${suffixes[exponent]}`;
}

/** `1h30m0s`, `500ms`, `0s`, as Go writes a duration. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds < 0) return `-${goDuration(-milliseconds)}`;
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1000;
  const hours = Math.floor(seconds / hour);
  const minutes = Math.floor((seconds % hour) / minute);
  const rest = `${Number((seconds % minute).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
