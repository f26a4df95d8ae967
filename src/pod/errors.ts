import { RktError } from '#errors';

export type PodErrorCode =
  | 'uuid-empty'
  | 'uuid-invalid'
  | 'uuid-ambiguous'
  | 'pod-name-invalid'
  | 'pod-name-taken'
  | 'pod-not-found'
  | 'pod-not-prepared'
  | 'pod-not-exited'
  | 'pod-busy'
  | 'pod-moved'
  | 'bad-private-users'
  | 'bad-selinux-labels'
  | 'manifest-missing'
  | 'manifest-invalid';

/** What is wrong with a pod, or with the name it was asked by. */
export class PodError extends RktError<PodErrorCode> {
  override readonly name = 'PodError';
}
