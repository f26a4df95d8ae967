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

export class AppcError extends RktError<AppcErrorCode> {
  override readonly name: string = 'AppcError';
}
