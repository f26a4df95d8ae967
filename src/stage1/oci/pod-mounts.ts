import { existsSync, mkdirSync } from 'node:fs';
import { podFiles, type SelinuxLabels } from '#pod';
import { stage1Layout, type TreeMount } from '#stage1/abi';
import { cannotMapOwners, mapOwners, MNT_DETACH, mount, mountOverlay, MS, selinuxMountOption, type SysError, unmount } from '#sys';
import { coverHybridCgroups } from './cgroup-view.ts';
import { OciStage1Error } from './errors.ts';
import { ociFiles } from './pod-paths.ts';
import type { PodUsers } from './pod-users.ts';
import type { Runtime } from './runtime.ts';

/**
 * Where the root file systems of a pod with a user namespace are bound, in the pod's own mounts: the way to
 * the pod's directory is open to the host's root only, and its root is somebody else.
 */
const REACHABLE = '/run/rkt';

/** An app's root file system, absolute, as the runtime and the pod's users reach it. */
export function rootfsOf(podDir: string, app: string, users: PodUsers | undefined): string {
  return users === undefined ? `${podDir}/${stage1Layout.appRootfs(app)}` : `${REACHABLE}/${app}`;
}

export interface AppTrees {
  readonly podDir: string;
  /** Nothing for an app whose root file system is there as a copy. */
  readonly trees: readonly TreeMount[];
  readonly apps: readonly string[];
  readonly users: PodUsers | undefined;
}

/** Makes the pod's mounts, in a mount namespace of one's own. @throws {OciStage1Error} 'no-id-mapping' */
export function makeMounts(trees: AppTrees, runtime: Runtime, selinux: SelinuxLabels | undefined): void {
  const { podDir, users } = trees;
  const directories = [stage1Layout.statusDirectory, ociFiles.initRoot, ociFiles.runtimeRoot, ociFiles.shm];
  for (const directory of directories) mkdirSync(`${podDir}/${directory}`, { recursive: true });
  const owner = users === undefined ? '' : `,uid=${users.range.shift},gid=${users.range.shift}`;
  const label = selinux === undefined ? '' : `,${selinuxMountOption(selinux.file)}`;
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
  mount({ source: 'shm', target: `${podDir}/${ociFiles.shm}`, type: 'tmpfs', flags, data: `mode=1777,size=65536k${owner}${label}` });
  if (users !== undefined) {
    mkdirSync(REACHABLE, { recursive: true });
    mount({ source: 'rkt', target: REACHABLE, type: 'tmpfs', flags, data: 'mode=711,size=64k' });
    bindKernelMounts(podDir);
  }
  mountTrees(trees);
  coverHybridCgroups(runtime);
}

/** Makes the root file systems of apps, among the pod's mounts. @throws {OciStage1Error} 'no-id-mapping' */
export function mountTrees({ podDir, trees, apps, users }: AppTrees): void {
  withMappedLayers(trees, users, () => trees.forEach(mountOverlay));
  if (users === undefined) return;
  for (const app of apps) {
    mkdirSync(`${REACHABLE}/${app}`, { recursive: true, mode: 0o755 });
    mount({ source: `${podDir}/${stage1Layout.appRootfs(app)}`, target: `${REACHABLE}/${app}`, type: 'none', flags: MS.BIND });
  }
}

/** Where {@link mountTrees} has mounted something for an app. */
export function placesOf(podDir: string, app: string): string[] {
  const isReachable = existsSync(`${podDir}/${podFiles.privateUsersPrepared}`);
  return [...(isReachable ? [`${REACHABLE}/${app}`] : []), `${podDir}/${stage1Layout.appRootfs(app)}`];
}

/** The layers have the ids of their images on disk; overlays made meanwhile show them with the pod's. */
function withMappedLayers(trees: readonly TreeMount[], users: PodUsers | undefined, body: () => void): void {
  const layers = users === undefined ? [] : [...new Set(trees.flatMap((tree) => tree.lowerDirs))];
  for (const layer of layers) mapLayer(layer, users!.fd);
  body();
  for (const layer of layers) unmount(layer, MNT_DETACH);
}

function mapLayer(layer: string, userNamespace: number): void {
  try {
    mapOwners(layer, userNamespace);
  } catch (error) {
    if (!cannotMapOwners(error)) throw error;
    throw new OciStage1Error('no-id-mapping', `--private-users with an overlay needs ID-mapped mounts, which ${layer} cannot have: ${(error as SysError).message}`, {
      cause: error,
      hint: 'run the pod with --no-overlay as well',
    });
  }
}

/**
 * File systems of namespaces that the pod shares with the host: its users cannot mount those, and bound in
 * from the host's own place all that is mounted below would come along.
 */
function bindKernelMounts(podDir: string): void {
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
  for (const [name, type] of [['sys', 'sysfs'], ['mqueue', 'mqueue']] as const) {
    mkdirSync(`${podDir}/${ociFiles[name]}`, { recursive: true });
    mount({ source: type, target: `${podDir}/${ociFiles[name]}`, type, flags });
  }
}
