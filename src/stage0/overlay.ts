import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import type { AcName } from '#appc';
import { type Pod, podFiles } from '#pod';
import { stage1Layout, type TreeMount } from '#stage1/abi';
import type { Store, Tree } from '#store';
import { Stage0Error } from './error.ts';

/**
 * Makes the directories of every app's overlay and says what is to be mounted where: nothing, in a pod with
 * copies.
 *
 * The tree is named by the pod, not by the image: a pod runs though its image has been removed.
 */
export function planTreeMounts(pod: Pod, store: Store, apps: readonly AcName[]): TreeMount[] {
  if (!pod.usesOverlay()) return [];
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
    return { target, lowerDirs, upperDir: upper, workDir: work };
  });
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
