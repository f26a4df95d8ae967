import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { podFiles } from '#pod';
import {
  bringUpInterface,
  createNetworkNamespace,
  inNetworkNamespace,
  lockPath,
  mount,
  MS,
  readTextIfExists,
  removeNetworkNamespace,
} from '#sys';

/** Where pods have their network namespaces; there once a pod has one. */
export const NAMESPACES = '/var/run/netns';
/** The f_type of a namespace file, NSFS_MAGIC of linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;

export function namespacePath(uuid: string): string {
  return `${NAMESPACES}/cni-${uuid}`;
}

/** Makes a pod's network namespace, or takes an open one, with its loopback interface up; the pod knows of it before it is there. */
export function createPodNamespace(podDir: string, uuid: string, open?: number): string {
  const path = namespacePath(uuid);
  shareNamespaceDirectory();
  writeFileSync(`${podDir}/${podFiles.netns}`, path);
  createNetworkNamespace(path, open);
  inNetworkNamespace(path, () => bringUpInterface('lo'));
  return path;
}

/**
 * Makes the directory a shared mount, as ip-netns(8) does: a namespace unmounted later then vanishes from
 * the copies that the mount namespaces of other pods have of it, which would keep it alive.
 */
function shareNamespaceDirectory(): void {
  mkdirSync(NAMESPACES, { recursive: true });
  if (makeShared()) return;
  using lock = lockPath(NAMESPACES, 'directory', 'exclusive', { wait: true });
  if (lock === undefined || makeShared()) return;
  mount({ source: NAMESPACES, target: NAMESPACES, type: 'none', flags: MS.BIND | MS.REC });
  makeShared();
}

function makeShared(): boolean {
  try {
    mount({ source: 'none', target: NAMESPACES, type: 'none', flags: MS.SHARED | MS.REC });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'EINVAL') return false;
    throw error;
  }
}

/** The path the pod was to have its namespace at; empty where it never was to have one. */
export function readNamespacePath(podDir: string): string {
  return readTextIfExists(`${podDir}/${podFiles.netns}`)?.trim() ?? '';
}

/** Whether a namespace is still mounted there. */
export function isNamespace(path: string): boolean {
  if (path === '') return false;
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

export function removePodNamespace(path: string): void {
  // Only what this room makes: the file is in the pod's directory, and what it names is unmounted and unlinked.
  if (path.startsWith(`${NAMESPACES}/`) && !path.includes('/..')) removeNetworkNamespace(path);
}
