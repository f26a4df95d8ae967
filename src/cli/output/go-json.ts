/** `JSON.rawJSON`, which TypeScript's library does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * JSON as Go's encoding/json prints it: `<`, `>`, `&` and the two separators that break JavaScript are
 * escaped, a bigint is a number of all its digits. `pretty`: indented by tabs.
 */
export function goJson(value: unknown, options: { pretty: boolean }): string {
  const text = JSON.stringify(value, exactNumber, options.pretty ? '\t' : undefined);
  return text.replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function exactNumber(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(value.toString()) : value;
}
