import { RktError } from '#errors';

export type OciErrorCode =
  | 'bad-reference'
  | 'bad-digest'
  | 'bad-manifest'
  | 'bad-config'
  | 'schema-1'
  | 'unsupported-media-type'
  | 'no-platform';

/** What a registry, a layout or a user wrote is not what OCI and Docker say it is. */
export class OciError extends RktError<OciErrorCode> {
  override readonly name: string = 'OciError';
}
