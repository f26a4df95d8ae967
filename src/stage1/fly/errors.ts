import { RktError } from '#errors';

export type FlyErrorCode = 'unsupported' | 'not-running';

/** Why this flavor cannot do what is asked. */
export class FlyError extends RktError<FlyErrorCode> {
  override readonly name = 'FlyError';
}
