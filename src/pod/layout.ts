import type { AcName } from '#appc';
import type { Phase } from './phase.ts';
import type { Uuid } from './uuid.ts';

/** The directory of a phase. `dataDir` is absolute, as everywhere in this room. */
export function phaseDir(dataDir: string, phase: Phase): string {
  return `${dataDir}/pods/${phase}`;
}

/** Where a pod is in a phase. */
export function podDir(dataDir: string, phase: Phase, uuid: Uuid): string {
  return `${dataDir}/pods/${phase}/${uuid}`;
}

/** Which pod a name means. */
export function namesDir(dataDir: string): string {
  return `${dataDir}/names`;
}

/** Names inside a pod's directory, relative to it (rkt's Documentation/devel/on-disk-format.md). */
export const podFiles = {
  manifest: 'pod',
  /** Locked by whoever changes a pod's apps, or takes a pod whose apps change out of `run`. */
  changes: 'pod.lck',
  /** A process inside the pod's namespaces, decimal. */
  pid: 'pid',
  /** The parent of such a process: what `rkt run` became, decimal. */
  ppid: 'ppid',
  hostname: 'hostname',
  /** The pod's cgroup, relative to the root of each hierarchy. */
  subcgroup: 'subcgroup',
  /** The path of the pod's network namespace, as text. */
  netns: 'netns',
  netInfo: 'net-info.json',
  /** What tearing the network down needs: copies of the configurations, and the attachments asked for. */
  net: 'net',
  /** Present, empty, where the pod is found by name on a network. */
  netNames: 'net/names',
  /** Present where the metadata service was told of the pod. */
  mdsRegistered: 'mds-registered',
  stage1TreeStoreId: 'stage1TreeStoreID',
  appInfo: (app: AcName): string => `appsinfo/${app}`,
  appManifest: (app: AcName): string => `appsinfo/${app}/manifest`,
  appTreeStoreId: (app: AcName): string => `appsinfo/${app}/treeStoreID`,
  /** Present where the pod's trees are overlays. */
  overlayPrepared: 'overlay-prepared',
  /** Present, empty, where the pod was prepared with image verification off. */
  verificationOff: 'image-verification-off',
  overlayUpper: (treeId: string): string => `overlay/${treeId}/upper`,
  overlayWork: (treeId: string): string => `overlay/${treeId}/work`,
  /** The range of users of a pod with a user namespace of its own, `SHIFT:COUNT`. */
  privateUsersPrepared: 'private-users-prepared',
  /** What SELinux knows a pod by: the contexts of its processes, its files and its images, a line each. */
  selinuxLabels: 'selinux-labels',
  sharedVolumes: 'sharedVolumes',
  stage1Manifest: 'stage1/manifest',
  stage1Rootfs: 'stage1/rootfs',
  /** Relative to the stage1 root file system: an app's exit code, decimal. */
  status: (app: AcName): string => `rkt/status/${app}`,
  /** Of a pod whose apps change, relative to the stage1 root file system: empty, their times are what counts. */
  created: (app: AcName): string => `rkt/status/${app}-created`,
  started: (app: AcName): string => `rkt/status/${app}-started`,
  /** Relative to the stage1 root file system: how many processes of an app were killed for want of memory. */
  oomKills: (app: AcName): string => `rkt/status/.${app}.oom`,
  /** Relative to the stage1 root file system: how often an app was started again, and how it is. */
  restarts: (app: AcName): string => `rkt/status/.${app}.restarts`,
  health: (app: AcName): string => `rkt/status/.${app}.health`,
  /** Relative to the stage1 root file system: a symbolic link, to `started` once every app has, to `ready` once they are ready. */
  supervisorStatus: 'rkt/supervisor-status',
} as const;
