import { META_TAG_LIMIT } from './limits.ts';

export interface MetaTag {
  readonly name: string;
  readonly content: string;
}

/** Elements whose content is text, whatever it looks like (HTML, 13.2.5.2 to 13.2.5.5). */
const RAW_ELEMENTS = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes', 'noscript']);

/**
 * The `<meta name=… content=…>` tags whose name begins with `ac-`, {@link META_TAG_LIMIT} at most.
 *
 * Reads what it understands of HTML and passes over the rest: every text is a page. Time is linear in its length.
 */
export function scanMetaTags(html: string): MetaTag[] {
  const found: MetaTag[] = [];
  for (let at = html.indexOf('<'); at !== -1 && found.length < META_TAG_LIMIT; at = html.indexOf('<', at)) {
    if (html.startsWith('<!--', at)) {
      at = indexAfter(html, '-->', at + 4);
      continue;
    }
    const name = matchAt(TAG_NAME, html, at + 1);
    if (name === '') {
      at += 1;
      continue;
    }
    const tag = readAttributes(html, at + 1 + name.length);
    if (tag === undefined) break;
    at = tag.end;
    const element = name.toLowerCase();
    if (element === 'meta') addMeta(found, tag.attributes);
    else if (RAW_ELEMENTS.has(element)) at = endOfRaw(html, element, at);
  }
  return found;
}

const TAG_NAME = /[a-zA-Z][^\s/>]*/y;
const BETWEEN = /[\s/]*/y;
const ATTRIBUTE_NAME = /=?[^\s/>=]*/y;
const EQUALS = /\s*=\s*/y;
const UNQUOTED = /[^\s>]*/y;

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

interface Attributes {
  /** By lower case name; of two of a name the first. */
  readonly attributes: ReadonlyMap<string, string>;
  /** After the `>`. */
  readonly end: number;
}

/** Undefined where the page ends inside the tag. */
function readAttributes(html: string, start: number): Attributes | undefined {
  const attributes = new Map<string, string>();
  for (let at = start; ; ) {
    at += matchAt(BETWEEN, html, at).length;
    if (at >= html.length) return undefined;
    if (html[at] === '>') return { attributes, end: at + 1 };
    const name = matchAt(ATTRIBUTE_NAME, html, at);
    at += name.length;
    const equals = matchAt(EQUALS, html, at);
    const value = equals === '' ? { text: '', end: at } : readValue(html, at + equals.length);
    if (value === undefined) return undefined;
    at = value.end;
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, value.text);
  }
}

function readValue(html: string, at: number): { text: string; end: number } | undefined {
  const quote = html[at];
  if (quote !== '"' && quote !== "'") {
    const text = matchAt(UNQUOTED, html, at);
    return { text: unescape(text), end: at + text.length };
  }
  const end = html.indexOf(quote, at + 1);
  return end === -1 ? undefined : { text: unescape(html.slice(at + 1, end)), end: end + 1 };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The character references that URLs and names can need. */
function unescape(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string]!;
    const code = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function addMeta(found: MetaTag[], attributes: ReadonlyMap<string, string>): void {
  const name = attributes.get('name') ?? '';
  if (name.startsWith('ac-')) found.push({ name, content: attributes.get('content') ?? '' });
}

function endOfRaw(html: string, element: string, at: number): number {
  const end = new RegExp(`</${element}(?=[\\s/>])`, 'gi');
  end.lastIndex = at;
  const match = end.exec(html);
  return match === null ? html.length : match.index + 2;
}

function indexAfter(text: string, what: string, at: number): number {
  const index = text.indexOf(what, at);
  return index === -1 ? text.length : index + what.length;
}
