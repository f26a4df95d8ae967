import { type IsolatorValue, type PodManifest, readIsolator } from '#appc';
import { checkSysctls } from '#security';
import type { RunArgs } from '#stage1/abi';
import { enforcedIsolators } from './enforced-isolators.ts';
import { hostAbilities } from './host-limits.ts';

/** What bounds a pod as a whole. */
export function podIsolators(
  args: RunArgs,
  manifest: PodManifest,
  hostCapabilities: readonly string[],
  warn: (text: string) => void,
): IsolatorValue[] {
  const given = (manifest.isolators ?? []).map(readIsolator);
  const isolators = enforcedIsolators({ scope: 'pod', title: 'the pod' }, given, hostAbilities(hostCapabilities, args.net === 'host'), warn);
  const pod = { network: args.net !== 'host', ipc: args.ipc !== 'parent', users: args.privateUsers !== '' };
  for (const isolator of isolators) if (isolator.kind === 'sysctl') checkSysctls(Object.keys(isolator.values), pod);
  return isolators;
}
