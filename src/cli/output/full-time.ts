/** `2026-11-22 23:02:48.632 +0000 UTC`: Go's layout `2006-01-02 15:04:05.999 -0700 MST`, in local time. */
export function fullTime(nanoseconds: bigint): string {
  return timeText(nanoseconds, 3);
}

/** As Go prints a time that it is not told how to: all nine digits of the fraction, but for zeros at the end. */
export function goTime(nanoseconds: bigint): string {
  return timeText(nanoseconds, 9);
}

function timeText(nanoseconds: bigint, digits: number): string {
  const time = new Date(Number(nanoseconds / 1_000_000n));
  const date = [String(time.getFullYear()).padStart(4, '0'), two(time.getMonth() + 1), two(time.getDate())].join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  const fraction = `.${String(nanoseconds % 1_000_000_000n).padStart(9, '0').slice(0, digits)}`.replace(/\.?0+$/, '');
  return `${date} ${clock}${fraction} ${offsetText(time)} ${zoneName(time)}`;
}

function offsetText(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

/** The zone's abbreviation; where JavaScript knows none, the offset again, as Go does for such zones. */
function zoneName(time: Date): string {
  // Intl takes some milliseconds to load, and servers run in UTC.
  if (time.getTimezoneOffset() === 0 && !process.env['TZ']?.includes('/')) return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return /^[A-Z]{3,5}$/.test(name) ? name : offsetText(time);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
