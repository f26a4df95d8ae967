import { RktError } from '#errors';

export type OciStage1ErrorCode =
  | 'unsupported'
  | 'no-runtime'
  | 'no-app'
  | 'no-program'
  | 'not-executable'
  | 'not-running'
  | 'not-mutable'
  | 'app-running'
  | 'not-started'
  | 'not-deleted'
  | 'bad-hostname'
  | 'no-apparmor'
  | 'no-selinux-context'
  | 'no-user-namespace'
  | 'no-id-mapping'
  | 'no-journal'
  | 'not-attachable'
  | 'cgroup'
  | 'no-host-address'
  | 'bad-sockets';

/** Why the default flavor cannot do what is asked. */
export class OciStage1Error extends RktError<OciStage1ErrorCode> {
  override readonly name = 'OciStage1Error';
}
