const TEXT_LIMIT = 300;

/** A URL as it may be shown: without credentials, and without a query, where registries put signed tokens. */
export function redactUrl(url: URL | string): string {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  if (copy.search !== '') copy.search = '?…';
  return copy.href.replace('?%E2%80%A6', '?…');
}

/** A server's words as they may be shown: one line, no control characters, no tokens, and not long. */
export function redactText(text: string): string {
  const line = text
    .replace(/\p{Cc}\[[0-9;]*[A-Za-z]/gu, '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***')
    .replace(/(token|password|secret|signature|credential)(["']?\s*[=:]\s*)["']?[^\s"'&,}]+/gi, '$1$2***')
    .replace(/\beyJ[\w-]+\.[\w.-]+/g, '***')
    .replace(/:\/\/[^\s/@]+@/g, '://')
    .trim();
  return line.length > TEXT_LIMIT ? `${line.slice(0, TEXT_LIMIT)}…` : line;
}
