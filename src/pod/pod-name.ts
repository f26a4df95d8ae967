import type { AcIdentifier, PodManifest } from '#appc';
import { PodError } from './errors.ts';
import { isUuid } from './uuid.ts';

/** A name that a pod was given: a label of DNS in lower case, for on some networks it is found by it. */
export type PodName = string & { readonly __brand: 'PodName' };

/** The annotation of a pod manifest that holds it. */
const ANNOTATION = 'coreos.com/rkt/pod-name' as AcIdentifier;

/** RFC 1123, 2.1. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isPodName(text: string): text is PodName {
  return LABEL.test(text) && !isUuid(text);
}

/** @throws {PodError} `pod-name-invalid` */
export function parsePodName(text: string): PodName {
  if (isPodName(text)) return text;
  throw new PodError('pod-name-invalid', `invalid pod name ${JSON.stringify(text)}`, {
    hint: 'a name has up to 63 lower case letters, digits and hyphens, no hyphen at either end, and is no UUID',
  });
}

/** @throws {PodError} `pod-name-invalid`, for a manifest that a user wrote */
export function podNameOf({ annotations }: PodManifest): PodName | undefined {
  const value = annotations?.find(({ name }) => name === ANNOTATION)?.value;
  return value === undefined ? undefined : parsePodName(value);
}

/** The manifest with that name, in the place of any other. */
export function withPodName(manifest: PodManifest, name: PodName): PodManifest {
  const others = (manifest.annotations ?? []).filter((each) => each.name !== ANNOTATION);
  return { ...manifest, annotations: [...others, { name: ANNOTATION, value: name }] };
}
