import { type IsolatorValue, type PodManifest, readIsolator } from '#appc';
import { checkSysctls } from '#security';
import type { RunArgs } from '#stage1/abi';
import { enforcedIsolators } from './enforced-isolators.ts';
import { hostAbilities } from './host-limits.ts';

interface PodLimits {
  readonly args: RunArgs;
  readonly manifest: PodManifest;
  readonly hostCapabilities: readonly string[];
  readonly cgroup: string | undefined;
  readonly warn: (text: string) => void;
}

/** What bounds a pod as a whole. */
export function podIsolators({ args, manifest, hostCapabilities, cgroup, warn }: PodLimits): IsolatorValue[] {
  const given = (manifest.isolators ?? []).map(readIsolator);
  const isolators = enforcedIsolators({ scope: 'pod', title: 'the pod' }, given, hostAbilities({ capabilities: hostCapabilities, hasHostNetwork: args.net === 'host', cgroup }), warn);
  const pod = { network: args.net !== 'host', ipc: args.ipc !== 'parent', users: args.privateUsers !== '' };
  for (const isolator of isolators) if (isolator.kind === 'sysctl') checkSysctls(Object.keys(isolator.values), pod);
  return isolators;
}
