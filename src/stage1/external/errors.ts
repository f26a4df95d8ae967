import { RktError } from '#errors';

export type ExternalStage1ErrorCode =
  | 'bad-stage1'
  | 'not-implemented'
  | 'not-mutable'
  | 'no-app'
  | 'no-process'
  | 'no-mounts'
  | 'entrypoint-failed';

/** What a stage1 image cannot do, or did not. */
export class ExternalStage1Error extends RktError<ExternalStage1ErrorCode> {
  override readonly name = 'ExternalStage1Error';
}
