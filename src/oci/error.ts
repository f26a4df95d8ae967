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
