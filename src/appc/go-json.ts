/**
 * JSON as Go's encoding/json writes it, byte for byte: other programs compare and hash it.
 *
 * Members stand in the order of insertion and are left out when undefined; a Map is written as an object as well.
 */

/** With `indent`, as json.MarshalIndent; without, as json.Marshal. */
export function renderGoJson(value: unknown, indent?: string): string {
  return indent === undefined ? render(value, '', '') : render(value, indent, '\n');
}

function render(value: unknown, indent: string, lineStart: string): string {
  if (typeof value === 'string') return renderString(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = lineStart && lineStart + indent;
  if (Array.isArray(value)) return enclose('[', value.map((item) => render(item, indent, inner)), ']', lineStart, inner);
  const colon = lineStart === '' ? ':' : ': ';
  const members = (value instanceof Map ? [...value] : Object.entries(value))
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => renderString(name) + colon + render(member, indent, inner));
  return enclose('{', members, '}', lineStart, inner);
}

function enclose(open: string, items: string[], close: string, lineStart: string, inner: string): string {
  return items.length === 0 ? open + close : open + inner + items.join(`,${inner}`) + lineStart + close;
}

const SPECIAL = /\\.|[<>&\u2028\u2029]/gs;

function renderString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(SPECIAL, (found) => {
    if (found === '\\b' || found === '\\f') return escapeUnit(found === '\\b' ? 8 : 12);
    return found.startsWith('\\') ? found : escapeUnit(found.charCodeAt(0));
  });
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** A Go map: its names in the order of their UTF-8 bytes. Undefined when there is nothing in it. */
export function sortedMap(record: Readonly<Record<string, string>> | undefined): Map<string, string> | undefined {
  const members = Object.entries(record ?? {});
  return members.length === 0 ? undefined : new Map(members.sort(([a], [b]) => compareCodePoints(a, b)));
}

function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What Go's `omitempty` does to a list. */
export function omitEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
