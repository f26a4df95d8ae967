import { RktError } from '#errors';

export type AppcErrorCode =
  | 'bad-name'
  | 'bad-image-id'
  | 'bad-image-name'
  | 'bad-manifest'
  | 'bad-volume'
  | 'bad-mount'
  | 'bad-port'
  | 'bad-quantity'
  | 'bad-isolator'
  | 'bad-label'
  | 'bad-restart'
  | 'bad-health'
  | 'bad-streams'
  | 'bad-archive';

/** What an image, a manifest or a user wrote is not what the App Container specification says it is; texts are rkt's where it has them. */
export class AppcError extends RktError<AppcErrorCode> {
  override readonly name: string = 'AppcError';
}
