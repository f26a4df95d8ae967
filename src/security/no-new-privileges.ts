import type { IsolatorValue } from '#appc';

/**
 * Whether execve(2) may give the app no privileges it has not (PR_SET_NO_NEW_PRIVS).
 *
 * Asked by any isolator; and always so for a user other than root under a seccomp filter, as rkt has it.
 */
export function planNoNewPrivileges(
  isolators: readonly IsolatorValue[],
  app: { readonly uid: number; readonly filtered: boolean },
): boolean {
  const asked = isolators.some((isolator) => isolator.kind === 'no-new-privileges' && isolator.value);
  return asked || (app.filtered && app.uid !== 0);
}
