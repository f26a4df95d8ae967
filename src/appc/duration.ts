const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000,
};

/** A duration as Go writes them (`1h30m`, `-5s`, `0`), in milliseconds; undefined if it is none. */
export function parseDurationMs(text: string): number | undefined {
  const unsigned = text.replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? -1 : 1;
  if (unsigned === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(unsigned)) return undefined;
  let total = 0;
  for (const [, number, unit] of unsigned.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(number) * (unitsMs[unit ?? ''] ?? 0);
  }
  return sign * total;
}
