import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { parseImageName } from '#appc';
import { messageOf } from '#errors';
import { parseReference, type Reference } from '#oci';
import type { AcIdentifier, Label } from '#appc';
import { unlessMissing } from '#sys';
import { ImageError } from './image-error.ts';
import { type LocalSource, parseLocalSource } from './local/local-source.ts';

/** What an image argument names. `text` is what the user wrote. */
export type ImageSource =
  | { readonly kind: 'hash'; readonly text: string }
  | { readonly kind: 'docker'; readonly text: string; readonly reference: Reference }
  | { readonly kind: 'url'; readonly text: string; readonly url: URL }
  | { readonly kind: 'local'; readonly text: string; readonly source: LocalSource }
  | { readonly kind: 'stdin'; readonly text: string }
  | { readonly kind: 'file'; readonly text: string; readonly path: string }
  | { readonly kind: 'name'; readonly text: string; readonly name: AcIdentifier; readonly labels: readonly Label[] };

const HASH = /^sha512-/;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/**
 * Reads an image argument, as rkt does: a hash, `docker://…`, a URL or path that ends in `.aci`, or a name; and
 * `oci:…`, `oci-archive:…`, `docker-archive:…` and `-`, standard input.
 * A regular file of that name in the working directory goes before a name.
 *
 * @throws {ImageError} bad-image-string; {OciError} for a bad reference
 */
export function parseImageSource(text: string): ImageSource {
  if (HASH.test(text)) return { kind: 'hash', text };
  if (text === '-') return { kind: 'stdin', text };
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'docker':
      return { kind: 'docker', text, reference: parseReference(dockerName(text)) };
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return { kind: 'local', text, source: parseLocalSource(text) };
    case 'http':
    case 'https':
    case 'file':
      return archiveSource(text);
    default:
      return looksLikePath(text) ? { kind: 'file', text, path: text } : { kind: 'name', text, ...nameIn(text) };
  }
}

function nameIn(text: string): ReturnType<typeof parseImageName> {
  try {
    return parseImageName(text);
  } catch (cause) {
    throw new ImageError('bad-image-string', messageOf(cause), { cause, hint: `${JSON.stringify(text)} is neither the name of an image nor of a file` });
  }
}

/** What follows `docker://` or `docker:`. */
export function dockerName(text: string): string {
  return text.replace(/^docker:(\/\/)?/i, '');
}

function archiveSource(text: string): ImageSource {
  const url = URL.parse(text);
  if (url === null || !url.pathname.endsWith('.aci')) {
    throw new ImageError('bad-image-string', `invalid image string "${text}"`, {
      hint: 'a URL of an image ends in .aci; an image of a registry is written docker://…',
    });
  }
  if (url.protocol !== 'file:') return { kind: 'url', text, url };
  if (url.host !== '') throw new ImageError('bad-image-string', `invalid image string "${text}": a file URL names no host`);
  return { kind: 'file', text, path: decodePath(url.pathname, text) };
}

function decodePath(path: string, text: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new ImageError('bad-image-string', `invalid image string "${text}": a "%" stands before two hex digits only`, { cause });
  }
}

function looksLikePath(text: string): boolean {
  if (isAbsolute(text) || isRegularFile(text)) return true;
  // A colon parts a name from its version, as in example.com/reduce-worker:1.0.0.
  return !text.includes(':') && (text.includes('./') || text.endsWith('.aci'));
}

function isRegularFile(path: string): boolean {
  try {
    return unlessMissing(() => statSync(resolve(path)))?.isFile() ?? false;
  } catch {
    return false;
  }
}
