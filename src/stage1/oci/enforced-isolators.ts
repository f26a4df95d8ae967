import { type IsolatorKind, type IsolatorValue, renderSelinuxContext } from '#appc';
import { isCapability, unknownSyscalls } from '#security';
import { isRootless } from '#sys';
import { OciStage1Error } from './errors.ts';
import type { HostAbilities } from './host-limits.ts';

/** Whose isolators: `app "web"`, `the pod`. */
export interface IsolatorOwner {
  readonly scope: 'app' | 'pod';
  readonly title: string;
}

type Known = Exclude<IsolatorKind, 'unknown'>;

interface Rule {
  readonly name: string;
  readonly scope: 'app' | 'pod' | 'both';
  /** The cgroup controller it needs. */
  readonly controller?: string;
}

/** Scopes are those of appc spec/ace.md. */
const RULES: Readonly<Record<Known, Rule>> = {
  memory: { name: 'resource/memory', scope: 'both', controller: 'memory' },
  cpu: { name: 'resource/cpu', scope: 'both', controller: 'cpu' },
  'cpu-shares': { name: 'os/linux/cpu-shares', scope: 'both', controller: 'cpu' },
  'block-bandwidth': { name: 'resource/block-bandwidth', scope: 'both', controller: 'io' },
  'block-iops': { name: 'resource/block-iops', scope: 'both', controller: 'io' },
  'network-bandwidth': { name: 'resource/network-bandwidth', scope: 'both' },
  'oom-score-adj': { name: 'os/linux/oom-score-adj', scope: 'app' },
  'caps-retain': { name: 'os/linux/capabilities-retain-set', scope: 'app' },
  'caps-remove': { name: 'os/linux/capabilities-remove-set', scope: 'app' },
  'seccomp-retain': { name: 'os/linux/seccomp-retain-set', scope: 'app' },
  'seccomp-remove': { name: 'os/linux/seccomp-remove-set', scope: 'app' },
  'no-new-privileges': { name: 'os/linux/no-new-privileges', scope: 'app' },
  'selinux-context': { name: 'os/linux/selinux-context', scope: 'both' },
  'apparmor-profile': { name: 'os/linux/apparmor-profile', scope: 'both' },
  sysctl: { name: 'os/unix/sysctl', scope: 'pod' },
};

/**
 * Those isolators that will be enforced. Each of the others is told to the user by name, as is each part of
 * one that has no effect (appc spec/ace.md, Isolators: what was ignored must be made known).
 *
 * @throws {OciStage1Error} 'no-apparmor', 'no-selinux-context': what is not there must not be run without
 */
export function enforcedIsolators(
  owner: IsolatorOwner,
  isolators: readonly IsolatorValue[],
  host: HostAbilities,
  warn: (text: string) => void,
): IsolatorValue[] {
  return isolators.filter((isolator) => {
    checkProfile(owner, isolator, host);
    checkContext(owner, isolator, host);
    for (const text of partsWithoutEffect(owner, isolator, host)) warn(`warning: ${text}`);
    const reason = reasonAgainst(owner, isolator, host);
    if (reason !== undefined) warn(`warning: ${reason}`);
    return reason === undefined;
  });
}

function reasonAgainst(owner: IsolatorOwner, isolator: IsolatorValue, host: HostAbilities): string | undefined {
  const rule = isolator.kind === 'unknown' ? { name: isolator.name, scope: 'both' as const } : RULES[isolator.kind];
  const subject = `isolator "${rule.name}" of ${owner.title}`;
  if (isolator.kind === 'unknown') return `${subject} is not known, and not enforced`;
  if (rule.scope !== 'both' && rule.scope !== owner.scope) return `${subject} is for ${rule.scope}s only, and not enforced`;
  if (isolator.kind === 'network-bandwidth' && host.hasHostNetwork) return `${subject} is not enforced: the pod has the network of the host`;
  if (isolator.kind === 'selinux-context' && !host.selinux) return `${subject} is not enforced: SELinux is not active`;
  const { controller } = RULES[isolator.kind];
  if (controller === undefined || host.controllers.has(controller)) return undefined;
  if (isRootless()) return `${subject} is not enforced: ${undelegated(controller, host)}`;
  return `${rule.name} isolator set but support disabled in the kernel, skipping`;
}

function undelegated(controller: string, { controllers }: HostAbilities): string {
  if (controllers.size > 0) return `the controller ${controller} is not delegated to the user`;
  return 'without root, limits take a cgroup of version 2 that is delegated, as of: systemd-run --user --scope -p Delegate=yes rkt ...';
}

function checkProfile({ title }: IsolatorOwner, isolator: IsolatorValue, host: HostAbilities): void {
  if (isolator.kind !== 'apparmor-profile' || host.apparmor?.has(isolator.profile) === true) return;
  const why = host.apparmor === undefined ? 'AppArmor is not active' : 'it is not loaded';
  throw new OciStage1Error('no-apparmor', `${title} asks for the AppArmor profile "${isolator.profile}": ${why}`, {
    hint: 'load the profile, or leave the isolator os/linux/apparmor-profile out',
  });
}

function checkContext({ title }: IsolatorOwner, isolator: IsolatorValue, host: HostAbilities): void {
  if (isolator.kind !== 'selinux-context' || !host.selinux) return;
  const context = renderSelinuxContext(isolator);
  if (host.hasContext(context)) return;
  throw new OciStage1Error('no-selinux-context', `${title} asks for the SELinux context ${JSON.stringify(context)}: the policy has no such one`, {
    hint: 'load a policy that has it, or leave the isolator os/linux/selinux-context out',
  });
}

function partsWithoutEffect({ title }: IsolatorOwner, isolator: IsolatorValue, host: HostAbilities): string[] {
  switch (isolator.kind) {
    case 'caps-retain':
    case 'caps-remove':
      return isolator.set.flatMap((name) => {
        if (!isCapability(name)) return [`${title}: there is no capability "${name}"`];
        const isDenied = isolator.kind === 'caps-retain' && !host.capabilities.includes(name);
        return isDenied ? [`${title} cannot have ${name}: rkt does not have it itself`] : [];
      });
    case 'seccomp-retain':
    case 'seccomp-remove':
      return unknownSyscalls(isolator.set).map((name) => `${title}: there is no system call "${name}", in its seccomp isolator`);
    default:
      return [];
  }
}
