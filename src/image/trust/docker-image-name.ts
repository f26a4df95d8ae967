import { type AcIdentifier, sanitizeAcIdentifier } from '#appc';
import type { Reference } from '#oci';

/** The appc name of an image of a registry, as conversion gives it. */
export function dockerImageName({ registry, repository }: Reference): AcIdentifier {
  return sanitizeAcIdentifier(`${registry}/${repository}`);
}
