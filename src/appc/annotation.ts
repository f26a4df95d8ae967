import { quoted } from '#errors';
import { type Decode, listOf, refuseDuplicates, wrong } from './decode.ts';
import { decodeNameValue } from './label.ts';
import type { Annotation } from './types.ts';

const RFC_3339 = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){2}([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

export const decodeAnnotations: Decode<readonly Annotation[]> = (value) => {
  const annotations = listOf(decodeNameValue)(value);
  refuseDuplicates(annotations, 'annotations of name');
  annotations.forEach(checkWellKnown);
  return annotations;
};

/** The annotations whose values the spec constrains: aci.md, annotations. */
function checkWellKnown({ name, value }: Annotation): void {
  if (name === 'created' && !RFC_3339.test(value)) wrong(`bad Date: ${quoted(value)} is not a time as RFC 3339 writes it`);
  if ((name === 'homepage' || name === 'documentation') && !/^https?:/i.test(value)) {
    wrong('bad URL scheme, must be http/https');
  }
}
