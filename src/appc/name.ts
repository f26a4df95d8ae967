import { AppcError } from './error.ts';
import type { AcIdentifier, AcName } from './types.ts';

/** AC Name and AC Identifier: appc spec, types.md. */

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const IDENTIFIER = /^[a-z0-9](?:[a-z0-9._~/-]*[a-z0-9])?$/;

/** Throws `bad-name`. */
export function parseAcName(text: string): AcName {
  if (NAME.test(text)) return text as AcName;
  throw new AppcError('bad-name', whyNot('ACName', text, /[^a-z0-9-]/, '-'));
}

/** Throws `bad-name`. Components such as `..` cannot occur: two separators may touch, but never at the ends. */
export function parseAcIdentifier(text: string): AcIdentifier {
  if (IDENTIFIER.test(text)) return text as AcIdentifier;
  throw new AppcError('bad-name', whyNot('ACIdentifier', text, /[^a-z0-9._~/-]/, '-._~/'));
}

function whyNot(type: string, text: string, foreign: RegExp, separators: string): string {
  if (text === '') return `${type} cannot be empty`;
  if (foreign.test(text)) return `${type} must contain only lower case alphanumeric characters plus "${separators}"`;
  return `${type} must start and end with only lower case alphanumeric characters`;
}

/** The nearest AC Name: lower case, `-` for what may not stand there. Throws `bad-name` when nothing is left. */
export function sanitizeAcName(text: string): AcName {
  return nonEmpty(text.toLowerCase().replace(/[^a-z0-9-]/gu, '-').replace(/^-+|-+$/g, '')) as AcName;
}

/** The nearest AC Identifier: lower case, `_` for what may not stand there. Throws `bad-name` when nothing is left. */
export function sanitizeAcIdentifier(text: string): AcIdentifier {
  const identifier = text.toLowerCase().replace(/[^a-z0-9._~/-]/gu, '_').replace(/^[-._~/]+|[-._~/]+$/g, '');
  return nonEmpty(identifier) as AcIdentifier;
}

function nonEmpty(text: string): string {
  if (text === '') throw new AppcError('bad-name', 'must contain at least one valid character');
  return text;
}

/** The name an app gets from its image: the last path component of the image name. */
export function appNameOf(imageName: AcIdentifier): AcName {
  return sanitizeAcName(imageName.slice(imageName.lastIndexOf('/') + 1));
}
