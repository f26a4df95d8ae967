import { type AcIdentifier, type Label, labelValue } from '#appc';
import { ImageError } from '../image-error.ts';
import { ENDPOINT_LENGTH_LIMIT, NAME_PARTS_LIMIT } from './limits.ts';
import { scanMetaTags } from './meta-tags.ts';

/** What is looked for: appc spec, discovery.md. */
export interface Wanted {
  readonly name: AcIdentifier;
  readonly labels: readonly Label[];
}

/** Where an image is, and its detached signature. */
export interface Endpoint {
  readonly aci: URL;
  readonly signature: URL;
}

export interface Discovered {
  readonly endpoints: readonly Endpoint[];
  /** URLs of public keys. */
  readonly keys: readonly string[];
}

/** The version a template is filled in with where none was asked for. */
const DEFAULT_VERSION = 'latest';

/** `a.com/b/c` → itself, `a.com/b`, `a.com`: whose pages are asked, in this order. @throws {ImageError} no-discovery */
export function discoveryPrefixes(name: AcIdentifier): string[] {
  const parts = name.split('/');
  if (parts.length > NAME_PARTS_LIMIT) {
    throw new ImageError('no-discovery', `name "${name}" has more than ${NAME_PARTS_LIMIT} parts`);
  }
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** What a page says of an image. Tags for other names, and templates that stay unfilled, are passed over. */
export function readDiscoveryPage(html: string, wanted: Wanted): Discovered {
  const endpoints: Endpoint[] = [];
  const keys: string[] = [];
  for (const { name, content } of scanMetaTags(html)) {
    const [, prefix, uri] = /^(\S+) +(\S.*)$/s.exec(content.trim()) ?? [];
    if (prefix === undefined || uri === undefined || !wanted.name.startsWith(prefix)) continue;
    if (name === 'ac-discovery-pubkeys') keys.push(uri);
    const endpoint = name === 'ac-discovery' ? planEndpoint(uri, wanted) : undefined;
    if (endpoint !== undefined) endpoints.push(endpoint);
  }
  return { endpoints, keys };
}

function planEndpoint(template: string, wanted: Wanted): Endpoint | undefined {
  const aci = fillIn(template, wanted, 'aci');
  const signature = fillIn(template, wanted, 'aci.asc');
  return aci === undefined || signature === undefined ? undefined : { aci, signature };
}

/** Fills in each `{label}` once; undefined where one is not known or no web address comes of it. */
function fillIn(template: string, { name, labels }: Wanted, ext: string): URL | undefined {
  let complete = true;
  const text = template.replace(/\{(.*?)\}/g, (_, key: string) => {
    const value = key === 'name' ? name : key === 'ext' ? ext : valueOf(labels, key);
    complete &&= value !== undefined;
    return escapeValue(value ?? '');
  });
  const url = complete && text.length <= ENDPOINT_LENGTH_LIMIT ? URL.parse(text) : null;
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : undefined;
}

function valueOf(labels: readonly Label[], key: string): string | undefined {
  const value = labelValue(labels, key);
  return key === 'version' && (value ?? '') === '' ? DEFAULT_VERSION : value;
}

/** A label's value cannot end the path, name another host or begin a query. */
function escapeValue(value: string): string {
  return value.replace(/[^\w.~/+,=-]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}
