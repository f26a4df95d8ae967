import { quoted } from '#errors';
import { AppcError } from './error.ts';
import type { RuntimeApp } from './types.ts';

/** When an app that has ended starts again: `no`, `always`, `on-failure` or `on-failure:N`, at most N times. */
export type RestartPolicy = string & { readonly __brand: 'RestartPolicy' };

/** The annotation of an app in a pod manifest that says so. */
export const RESTART_ANNOTATION = 'coreos.com/rkt/restart';

/** Throws `bad-restart`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  if (/^(?:no|always|on-failure(?::[1-9]\d{0,8})?)$/.test(text)) return text as RestartPolicy;
  throw new AppcError('bad-restart', `restart policy ${quoted(text)} is none of no, on-failure, on-failure:N and always`);
}

/** Throws `bad-restart`. */
export function restartPolicyOf(app: RuntimeApp): RestartPolicy {
  return parseRestartPolicy(app.annotations?.find(({ name }) => name === RESTART_ANNOTATION)?.value ?? 'no');
}
