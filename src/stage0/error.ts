import { RktError } from '#errors';

export type Stage0ErrorCode =
  | 'nothing-to-execute'
  | 'no-apps'
  | 'duplicate-app'
  | 'bad-platform'
  | 'bad-pod-manifest'
  | 'pod-not-running'
  | 'pod-running'
  | 'pod-not-ready'
  | 'pod-immutable'
  | 'bad-app-name'
  | 'pod-busy'
  | 'no-such-app'
  | 'which-app'
  | 'no-log'
  | 'port-without-network'
  | 'no-stage1'
  | 'overlay-with-users'
  | 'no-tree'
  | 'no-image'
  | 'image-damaged'
  | 'uuid-file'
  | 'copy-failed'
  | 'no-free-users'
  | 'no-selinux-contexts'
  | 'pod-not-exited'
  | 'output-exists'
  | 'bad-output'
  | 'timeout';

/** What a verb could not do. */
export class Stage0Error extends RktError<Stage0ErrorCode> {
  override readonly name = 'Stage0Error';
}
