import type { AcIdentifier, ImageManifest, Label } from '#appc';
import { labelValue } from '#appc';
import { signatureUrl } from './fetch-signature.ts';
import { ImageError } from './image-error.ts';

/** What an image must turn out to be, where it was asked for by its name. */
export interface Expected {
  readonly name: AcIdentifier;
  /** All of them must be in the manifest with the same value. */
  readonly labels: readonly Label[];
}

/** Where an ACI and its signature can be had. */
export interface AciPlace {
  readonly url: URL;
  readonly signature: URL;
  readonly expected: Expected | undefined;
}

/** An image that was asked for by its URL: its signature is beside it. */
export function placeOf(url: URL): AciPlace {
  return { url, signature: signatureUrl(url), expected: undefined };
}

/** @throws {ImageError} other-image */
export function checkExpected(manifest: Pick<ImageManifest, 'name' | 'labels'>, expected: Expected | undefined): void {
  if (expected === undefined) return;
  if (manifest.name !== expected.name) {
    throw other(`error when reading the app name: ${quoted(expected.name)} expected but ${quoted(manifest.name)} found`);
  }
  for (const { name, value } of expected.labels) {
    const found = labelValue(manifest.labels, name);
    if (found === undefined) throw other(`requested label ${quoted(name)} not provided by the image manifest`);
    if (found === value) continue;
    throw other(
      `requested value for label ${quoted(name)}: ${quoted(value)} differs from fetched aci label value: ${quoted(found)}`,
    );
  }
}

const quoted = JSON.stringify;

function other(message: string): ImageError {
  return new ImageError('other-image', message);
}
