import type { ImageView } from '#stage0';
import { fullTime } from './full-time.ts';
import { goJson } from './go-json.ts';
import { humanSize, humanTime } from './human.ts';
import type { Format } from './pod-list.ts';
import { signatureText } from './signature.ts';
import { alignTabs } from './table.ts';

export interface ImageListOptions {
  readonly format: Format;
  readonly full: boolean;
  readonly legend: boolean;
  /** Of `id name size importtime lastused signedby`, in the order they are to be shown. */
  readonly fields: readonly string[];
  /** Of `name importtime lastused size`, the most important first. */
  readonly sort: readonly string[];
  readonly order: 'asc' | 'desc';
  /** Nanoseconds since the epoch. */
  readonly now: bigint;
}

const headings: Readonly<Record<string, string>> = {
  id: 'ID',
  name: 'NAME',
  size: 'SIZE',
  importtime: 'IMPORT TIME',
  lastused: 'LAST USED',
  signedby: 'SIGNED BY',
};

/** What `rkt image list` prints. */
export function imageListText(images: readonly ImageView[], options: ImageListOptions): string {
  const sorted = sortImages(images, options);
  if (options.format !== '') {
    const value = sorted.length === 0 ? null : sorted.map(imageJson);
    return `${goJson(value, { pretty: options.format === 'json-pretty' })}\n`;
  }
  const rows = sorted.map((image) => options.fields.map((field) => cell(image, field, options)));
  if (options.legend) rows.unshift(options.fields.map((field) => headings[field] ?? ''));
  return `${alignTabs(rows.map((row) => row.join('\t')).join('\n'))}\n`;
}

/** rkt's own members first. */
function imageJson({ id, importTime, lastUsed, name, signatures, size }: ImageView): object {
  const verified = signatures.length > 0;
  return { id, name, import_time: importTime, last_used_time: lastUsed, size, verified, ...(verified && { signatures }) };
}

function signedBy({ signatures }: ImageView, full: boolean): string {
  if (signatures.length === 0) return 'nobody';
  return signatures.map((each) => (full ? signatureText(each) : `${each.kind}:${each.fingerprint.slice(0, 12)}`)).join(full ? '; ' : ',');
}

function cell(image: ImageView, field: string, { full, now }: ImageListOptions): string {
  const time = (at: bigint): string => (full ? fullTime(at) : humanTime(at, now));
  switch (field) {
    case 'id': return full ? image.id : image.id.slice(0, image.id.indexOf('-') + 13);
    case 'name': return image.name;
    case 'signedby': return signedBy(image, full);
    case 'size': return full ? String(image.size) : humanSize(image.size);
    case 'importtime': return time(image.importTime);
    default: return time(image.lastUsed);
  }
}

function sortImages(images: readonly ImageView[], { order, sort }: ImageListOptions): ImageView[] {
  const direction = order === 'asc' ? 1 : -1;
  const compare = (a: ImageView, b: ImageView): number => {
    const field = sort.find((name) => sortKey(a, name) !== sortKey(b, name));
    if (field === undefined) return 0;
    return sortKey(a, field) < sortKey(b, field) ? -direction : direction;
  };
  return [...images].sort(compare);
}

function sortKey(image: ImageView, field: string): string | bigint | number {
  switch (field) {
    case 'name': return image.name;
    case 'size': return image.size;
    case 'lastused': return image.lastUsed;
    default: return image.importTime;
  }
}
