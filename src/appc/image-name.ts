import { AppcError } from './error.ts';
import { parseAcIdentifier } from './name.ts';
import { parseParameters } from './parameters.ts';
import type { AcIdentifier, Label } from './types.ts';

export interface ImageName {
  readonly name: AcIdentifier;
  /** In the order written, the version after the colon first. */
  readonly labels: readonly Label[];
}

/** The string image discovery starts from: `example.com/app:1.2,os=linux,arch=amd64`. Throws `bad-image-name` or `bad-name`. */
export function parseImageName(text: string): ImageName {
  const comma = text.indexOf(',');
  const colon = text.indexOf(':');
  if (comma !== -1 && colon > comma) {
    throw bad('malformed app string - colon may appear only right after the app name');
  }
  if (colon !== text.lastIndexOf(':')) throw bad('malformed app string - colon may appear at most once');
  const parameters = parseParameters('bad-image-name', `name=${text.replace(':', ',version=')}`);
  const labels = [...parameters].filter(([key]) => key !== 'name');
  return {
    name: parseAcIdentifier(parameters.get('name') ?? ''),
    labels: labels.map(([name, value]) => ({ name: parseAcIdentifier(name), value })),
  };
}

function bad(message: string): AppcError {
  return new AppcError('bad-image-name', message);
}
