import { RktError } from '#errors';

/** What an image or a flag asks of the kernel's protections and cannot have. */
export class SecurityError extends RktError<'capabilities-conflict' | 'seccomp-conflict' | 'unknown-errno' | 'sysctl-forbidden'> {
  override readonly name = 'SecurityError';
}
