import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import type { AcName } from '#appc';
import { type Pod, podFiles, type SelinuxLabels } from '#pod';
import { stage1Layout, type TreeMount } from '#stage1/abi';
import type { Store, Tree } from '#store';
import { getXattr, SELINUX_LABEL, setSelinuxLabel, setSelinuxLabels } from '#sys';
import { Stage0Error } from './error.ts';

/**
 * Makes the directories of every app's overlay and says what is to be mounted where: nothing, in a pod with
 * copies. SELinux knows all of it by the labels, if there are any.
 *
 * The tree is named by the pod, not by the image: a pod runs though its image has been removed.
 */
export function planTreeMounts(pod: Pod, store: Store, apps: readonly AcName[], selinux?: SelinuxLabels): TreeMount[] {
  if (!pod.usesOverlay()) {
    if (selinux !== undefined) for (const app of apps) setSelinuxLabels(pod.file(stage1Layout.appRootfs(app)), selinux.file);
    return [];
  }
  const users = pod.privateUsers();
  return apps.map((app) => {
    const { id, lowerDirs } = treeOf(pod, store, app);
    // One directory per app, not per tree: two apps of one image must not share what they write.
    const upper = `${pod.file(podFiles.overlayUpper(id))}/${app}`;
    const work = `${pod.file(podFiles.overlayWork(id))}/${app}`;
    const target = `${pod.path}/${stage1Layout.appRootfs(app)}`;
    for (const directory of [upper, work, target]) mkdirSync(directory, { recursive: true, mode: 0o755 });
    // The root directory of the app is the upper one: it must look as the image's does, without the
    // set-group-ID bit that directories below pods/ inherit.
    if (users !== undefined) chownSync(upper, users.shift, users.shift);
    chmodSync(upper, statSync(lowerDirs[0]!).mode & 0o1777);
    const mount = { target, lowerDirs, upperDir: upper, workDir: work };
    if (selinux === undefined) return mount;
    for (const directory of lowerDirs) labelLayer(directory, selinux.image);
    for (const directory of [upper, work]) setSelinuxLabel(directory, selinux.file);
    return { ...mount, label: selinux.file };
  });
}

/**
 * What an overlay shows has the label of its mount, but for files that are mapped into memory, programs and libraries:
 * there the kernel looks at those below. They are labelled by the first pod that has them; the directory itself comes last,
 * and its label says that all is done.
 */
function labelLayer(directory: string, label: string): void {
  const current = getXattr(directory, SELINUX_LABEL)?.toString().replace(/\0$/, '');
  if (current !== label) setSelinuxLabels(directory, label);
}

/**
 * How the files of the pod's stage1 image are its own, where it is not built in: laid over at `stage1/rootfs`. Undefined in a
 * pod with copies. Makes the directories where they are not there.
 */
export function planStage1Mount(pod: Pod, { id, lowerDirs }: Tree): TreeMount | undefined {
  if (!pod.usesOverlay()) return undefined;
  const [upperDir, workDir, target] = [podFiles.overlayUpper(id), podFiles.overlayWork(id), podFiles.stage1Rootfs].map((name) => pod.file(name));
  const mount = { target: target!, lowerDirs, upperDir: upperDir!, workDir: workDir! };
  if (existsSync(mount.upperDir)) return mount;
  for (const directory of [mount.target, mount.workDir, mount.upperDir]) mkdirSync(directory, { recursive: true, mode: 0o755 });
  chmodSync(mount.upperDir, statSync(lowerDirs[0]!).mode & 0o1777);
  return mount;
}

/** The tree an app of the pod was prepared with. @throws {Stage0Error} no-tree */
export function treeOf(pod: Pod, store: Store, app: AcName): Tree {
  const id = pod.appTreeId(app);
  const tree = id === undefined ? undefined : store.openTree(id);
  if (tree !== undefined) return tree;
  throw new Stage0Error('no-tree', `app "${app}" of pod "${pod.uuid}" has no root file system`, {
    hint: 'the pod was damaged; prepare another: rkt prepare IMAGE',
  });
}
