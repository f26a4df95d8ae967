import { RktError } from '#errors';

export type OciErrorCode =
  | 'bad-reference'
  | 'bad-digest'
  | 'bad-manifest'
  | 'bad-config'
  | 'schema-1'
  | 'unsupported-media-type'
  | 'no-platform';

export class OciError extends RktError<OciErrorCode> {
  override readonly name: string = 'OciError';
}

/** Text in double quotes with everything unprintable escaped: what registries and users wrote goes into messages only like this. */
export function quoted(text: string): string {
  const shown = text.length > 256 ? `${text.slice(0, 256)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
}
