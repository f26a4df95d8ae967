import { closeSync, mkdirSync } from 'node:fs';
import { type FlavorContext, stage1Layout, type TreeMount } from '#stage1/abi';
import { inMounts, inOwnMounts, joinMounts, mountOverlay, unshareMounts } from '#sys';
import { openPodMounts } from './run-record.ts';

/** Mounts the files of stage1, then those of the apps, which are inside. */
export function mountTrees(context: FlavorContext, apps: readonly TreeMount[]): void {
  for (const tree of context.tree === undefined ? apps : [context.tree, ...apps]) mountTree(tree);
}

export function mountTree(tree: TreeMount): void {
  mkdirSync(tree.target, { recursive: true, mode: 0o755 });
  mountOverlay(tree);
}

/**
 * Does something, synchronously, in the pod's directory among the mounts that the pod was started with. Where nobody has
 * those any more, the files of stage1 are there as they are in its image, to be executed and not to be written.
 */
export function inPodMounts<T>(context: FlavorContext, body: () => T): T {
  const namespace = openPodMounts(context.podDir);
  const there = (): T => {
    process.chdir(context.podDir);
    return body();
  };
  if (namespace === undefined) return inImageMounts(context, there);
  try {
    return inMounts(namespace, there);
  } finally {
    closeSync(namespace);
  }
}

function inImageMounts<T>(context: FlavorContext, body: () => T): T {
  return inOwnMounts(() => {
    mountImage(context);
    return body();
  });
}

/** As {@link inPodMounts}, for good: for who is about to become another program. */
export function enterPodMounts(context: FlavorContext): void {
  const namespace = openPodMounts(context.podDir);
  if (namespace === undefined) {
    unshareMounts();
    mountImage(context);
  } else {
    joinMounts(namespace);
    closeSync(namespace);
  }
  process.chdir(context.podDir);
}

/** Read-only. */
export function mountImage({ podDir, tree }: FlavorContext): void {
  if (tree !== undefined) mountOverlay({ target: `${podDir}/${stage1Layout.rootfs}`, lowerDirs: tree.lowerDirs });
}
