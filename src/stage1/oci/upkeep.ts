import { type RuntimeApp, restartPolicyOf } from '#appc';

/** What the supervisor is told of how to keep an app up. */
export function upkeepArguments(app: RuntimeApp): string[] {
  const restart = restartPolicyOf(app);
  return restart === 'no' ? [] : [`--restart=${restart}`];
}
