/** Seconds a response may be used without asking again, from Cache-Control; 0 where it must be asked for. */
export function parseMaxAge(header: string | undefined): number {
  let maxAge = 0;
  for (const directive of (header ?? '').split(',')) {
    const [name = '', value = ''] = directive.trim().toLowerCase().split('=');
    if (name === 'no-store' || name === 'no-cache') return 0;
    if (name === 'max-age' && /^(0|[1-9]\d{0,9})$/.test(value)) maxAge = Number(value);
  }
  return maxAge;
}
