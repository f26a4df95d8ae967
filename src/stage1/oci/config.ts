import { type IsolatorValue, renderSelinuxContext } from '#appc';
import {
  deviceRules,
  maskedPaths,
  planCapabilities,
  planNoNewPrivileges,
  planSeccomp,
  readonlyPaths,
} from '#security';
import type { SelinuxLabels } from '#pod';
import type { AppMount, AppPlan } from '#stage1/apps';
import type { IdRange } from '#sys';
import type { OciConfig, OciProcess } from './config-types.ts';
import type { BlockDevice } from './host-limits.ts';
import { type PodFile, planMounts } from './mounts.ts';
import { type NamespaceInput, planNamespaces } from './namespaces.ts';
import { appCgroup } from './pod-paths.ts';
import { planResources } from './resources.ts';

/** Which protections `--insecure-options` took away. */
export interface Insecure {
  readonly capabilities: boolean;
  readonly paths: boolean;
  readonly seccomp: boolean;
}

export interface ConfigInput {
  /** That of the pod; absent: it has none. */
  readonly cgroup?: string | undefined;
  readonly plan: AppPlan;
  /** Those of the app, and those of the pod, that are enforced. */
  readonly isolators: readonly IsolatorValue[];
  readonly podIsolators: readonly IsolatorValue[];
  /** On which limits of input and output are set. */
  readonly disks: readonly BlockDevice[];
  readonly insecure: Insecure;
  /** What SELinux is to know the app by. */
  readonly selinux?: SelinuxLabels | undefined;
  /** The AppArmor profile of an app that asks for none. */
  readonly apparmor?: string | undefined;
  /** The capabilities this process may hand on. */
  readonly hostCapabilities: readonly string[];
  readonly namespaces: NamespaceInput;
  /** The map of the pod's user namespace, for a runtime that wants to be told. */
  readonly idMap?: IdRange;
  readonly shm: string;
  /** Instead of ones that the app mounts itself. */
  readonly sys?: string | undefined;
  readonly mqueue?: string | undefined;
  readonly withoutMqueue?: boolean;
  readonly files: readonly PodFile[];
  readonly terminal: boolean;
  /** Instead of the app itself: one of its event handlers, which is run as root, confined as the app is. */
  readonly handler?: { readonly container: string; readonly args: readonly string[] };
}

/** The configuration with which an OCI runtime starts an app. Pure; paths in it are absolute. */
export function planConfig(input: ConfigInput): OciConfig {
  const { plan, insecure, isolators } = input;
  const seccomp = planSeccomp(isolators, insecure.seccomp, insecure.paths);
  const sysctl = lastOf(input.podIsolators, 'sysctl')?.values;
  return {
    ociVersion: '1.0.2',
    root: { path: plan.rootfs, readonly: plan.readOnlyRootfs },
    process: planProcess(input, seccomp !== undefined),
    mounts: planMounts({ terminal: input.terminal, shm: input.shm, sys: input.sys, mqueue: input.mqueue, withoutMqueue: input.withoutMqueue === true, files: input.files, volumes: plan.mounts }),
    linux: {
      ...(input.cgroup === undefined ? {} : { cgroupsPath: appCgroup(input.cgroup, input.handler?.container ?? plan.name) }),
      namespaces: planNamespaces(input.namespaces),
      ...planIdMap(input.idMap),
      resources: planResources(isolators, deviceRules(insecure.paths, plan.mounts.flatMap(volumeDevice)), input.disks),
      maskedPaths: maskedPaths(insecure.paths),
      readonlyPaths: readonlyPaths(insecure.paths),
      rootfsPropagation: 'private',
      ...(input.selinux && { mountLabel: input.selinux.file }),
      ...(sysctl === undefined ? {} : { sysctl }),
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

function planIdMap(range: IdRange | undefined): Pick<OciConfig['linux'], 'uidMappings' | 'gidMappings'> {
  if (range === undefined) return {};
  const mappings = [{ containerID: 0, hostID: range.shift, size: range.count }];
  return { uidMappings: mappings, gidMappings: mappings };
}

const ROOT = { uid: 0, gid: 0, additionalGids: [] } as const;

/**
 * Nothing is inheritable or ambient: root has the set, another user gets of it what a file gives.
 */
function planProcess(input: ConfigInput, filtered: boolean): OciProcess {
  const { plan, isolators, insecure, handler } = input;
  const planned = planCapabilities(isolators, insecure.capabilities);
  const capabilities = planned.filter((name) => input.hostCapabilities.includes(name));
  const oom = lastOf(isolators, 'oom-score-adj');
  return {
    terminal: input.terminal,
    user: handler === undefined ? { uid: plan.uid, gid: plan.gid, additionalGids: plan.supplementaryGids } : ROOT,
    args: handler?.args ?? plan.args,
    env: Array.from(plan.environment, ([name, value]) => `${name}=${value}`),
    cwd: plan.cwd,
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    noNewPrivileges: planNoNewPrivileges(isolators, { uid: handler === undefined ? plan.uid : ROOT.uid, filtered }),
    ...(oom === undefined ? {} : { oomScoreAdj: oom.value }),
    ...planLabels([...input.podIsolators, ...isolators], input),
  };
}

/** Of the security modules; what the app says goes before what the pod says, and that before what every pod gets. */
function planLabels(isolators: readonly IsolatorValue[], { selinux, apparmor }: ConfigInput): Pick<OciProcess, 'selinuxLabel' | 'apparmorProfile'> {
  const context = lastOf(isolators, 'selinux-context');
  const label = context === undefined ? selinux?.process : renderSelinuxContext(context);
  const profile = lastOf(isolators, 'apparmor-profile')?.profile ?? apparmor;
  return {
    ...(label !== undefined && { selinuxLabel: label }),
    ...(profile !== undefined && { apparmorProfile: profile }),
  };
}

function lastOf<K extends IsolatorValue['kind']>(isolators: readonly IsolatorValue[], kind: K): Extract<IsolatorValue, { kind: K }> | undefined {
  return isolators.findLast((isolator): isolator is Extract<IsolatorValue, { kind: K }> => isolator.kind === kind);
}

/** A device that the user gave as a volume may be used, and not made anew. */
function volumeDevice({ device, readOnly }: AppMount) {
  return device === undefined ? [] : [{ allow: true, ...device, access: readOnly ? 'r' : 'rw' }];
}
