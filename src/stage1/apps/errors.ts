import { RktError } from '#errors';

export type AppErrorCode =
  | 'no-app'
  | 'no-exec'
  | 'no-working-directory'
  | 'program-not-found'
  | 'user-not-found'
  | 'group-not-found'
  | 'volume-not-found'
  | 'volume-source-missing'
  | 'bad-volume'
  | 'path-loop';

/** Why an app of a pod cannot be started as its manifest asks. */
export class AppError extends RktError<AppErrorCode> {
  override readonly name = 'AppError';
}
