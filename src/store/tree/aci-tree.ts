import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageId } from '#appc';
import { type Lock, syncDirectory, syncFileSystem, unlessMissing } from '#sys';
import { selfOf, type StoreContext } from '../context.ts';
import { readManifestText, touchImage, writeTreeOfImage } from '../image-records.ts';
import { unpackError } from '../layer/receive-layer.ts';
import { makeRootDirectory } from '../layer/unpack-layer.ts';
import { treeLayout, type TreeLayout } from '../layout.ts';
import { tryLock, waitForLock } from '../locks.ts';
import { makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { makeTemporaryDirectory, removeDirectory, type TemporaryDirectory } from '../temporary.ts';
import type { Tree } from '../types.ts';
import { startUnpacker } from '../unpack/start-unpacker.ts';
import { pinTree } from './layered-tree.ts';
import { type AciTreePlan, planAciTree, type RenderStep } from './plan-aci-tree.ts';
import { hashAsSealed, sealTree } from './seal-tree.ts';
import { hashTree, sizeOfTree } from './tree-hash.ts';
import { writeTreeRecord } from './tree-records.ts';

/** The tree of an ACI; rendered if it is not there, once however many ask. */
export async function aciTree(context: StoreContext, id: ImageId): Promise<Tree> {
  const plan = planAciTree(context.layout, id);
  const tree = context.layout.tree(plan.treeId);
  const ready: Tree = { id: plan.treeId, lowerDirs: [tree.rootfs] };
  for (;;) {
    if (pinIfRendered(context, plan.treeId)) return ready;
    // Who has it open has it rendered: the lock is not waited for, but looked at again and again.
    using lock = tryLockTree(context, plan.treeId);
    if (lock === undefined) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    else if (!existsSync(tree.rendered)) await renderLocked(context, id, plan);
  }
}
const POLL_MS = 25;

function pinIfRendered(context: StoreContext, treeId: string): boolean {
  const { rendered } = context.layout.tree(treeId);
  if (!existsSync(rendered)) return false;
  pinTree(context, treeId);
  if (existsSync(rendered)) return true;
  unpinTree(context, treeId);
  return false;
}

/** Renders a tree in place of the one that is there, once no other process is about to use it. */
export async function renderAciTreeAgain(context: StoreContext, id: ImageId): Promise<Tree> {
  const plan = planAciTree(context.layout, id);
  unpinTree(context, plan.treeId);
  {
    using _lock = await waitForLock(treeLockFile(context, plan.treeId), 'file', 'exclusive');
    removeDirectory(context.layout, context.layout.tree(plan.treeId).directory);
  }
  return aciTree(context, id);
}

/** @throws {StoreError} `tree-changed` where the tree is not as it was rendered */
export async function verifyAciTree(context: StoreContext, id: ImageId): Promise<void> {
  const { lowerDirs, id: treeId } = await aciTree(context, id);
  const tree = context.layout.tree(treeId);
  const expected = unlessMissing(() => readFileSync(tree.hash, 'utf8').trim());
  const found = hashAsSealed(lowerDirs[0]!, tree);
  if (found !== expected) {
    throw new StoreError('tree-changed', `tree ${treeId} has the hash ${found}, not ${expected}`);
  }
}

function unpinTree(context: StoreContext, treeId: string): void {
  const path = context.layout.treeLock(treeId);
  context.pins.get(path)?.release();
  context.pins.delete(path);
}

function tryLockTree(context: StoreContext, treeId: string): Lock | undefined {
  return tryLock(treeLockFile(context, treeId), 'file', 'exclusive');
}

function treeLockFile(context: StoreContext, treeId: string): string {
  const path = context.layout.treeLock(treeId);
  makeStoreDirectory(context.layout.root, dirname(path));
  return path;
}

async function renderLocked(context: StoreContext, id: ImageId, plan: AciTreePlan): Promise<void> {
  const place = context.layout.tree(plan.treeId);
  using temporary = makeTemporaryDirectory(context.layout, 'tree');
  const tree = treeLayout(join(temporary.path, 'tree'));
  await render(context, id, plan, tree, temporary);
  writeTreeRecord(context.layout, plan.treeId, { size: sizeOfTree(tree.directory) });
  writeTreeOfImage(context.layout, id, plan.treeId);
  makeStoreDirectory(context.layout.root, context.layout.trees);
  removeDirectory(context.layout, place.directory);
  renameSync(tree.directory, place.directory);
  syncDirectory(context.layout.trees);
}

/** `rendered` is made when all else is durable, so that after a power failure too it means that all is there. */
async function render(
  context: StoreContext,
  id: ImageId,
  plan: AciTreePlan,
  tree: TreeLayout,
  temporary: TemporaryDirectory,
): Promise<void> {
  makeRootDirectory(tree.directory);
  makeRootDirectory(tree.rootfs);
  for (const step of plan.steps) await context.withUnpacker(() => unpackStep(context, step, tree.rootfs, temporary));
  writeFileSync(tree.image, id);
  writeFileSync(tree.manifest, readManifestText(context.layout, id));
  if (!sealTree(tree.rootfs, tree)) writeFileSync(tree.hash, hashTree(tree.rootfs));
  syncFileSystem(tree.directory);
  const fd = openSync(tree.rendered, 'wx');
  fsyncSync(fd);
  closeSync(fd);
  for (const step of plan.steps) touchImage(context.layout, step.id);
}

/** See {@link Store.extractAci}. */
export async function extractAci(context: StoreContext, id: ImageId, rootfs: string): Promise<void> {
  using temporary = makeTemporaryDirectory(context.layout, 'extract');
  makeRootDirectory(rootfs);
  await context.withUnpacker(() => unpackStep(context, { id }, rootfs, temporary));
}

async function unpackStep(
  context: StoreContext,
  step: RenderStep,
  rootfs: string,
  temporary: TemporaryDirectory,
): Promise<void> {
  const inputFd = openBlob(context, step.id);
  try {
    const unpacker = startUnpacker({
      self: selfOf(context),
      lockFd: temporary.lock.fd,
      inputFd,
      request: {
        kind: 'aci',
        root: rootfs,
        compression: 'none',
        grows: false,
        archiveHash: 'sha512',
        ...(step.keep === undefined ? {} : { keep: step.keep }),
        limits: context.limits,
      },
    });
    const report = await unpacker.report;
    if (!report.ok) throw unpackError(`image ${step.id}`, report, `see whether it is damaged: rkt image verify ${step.id}`);
    if (!report.archiveHex!.startsWith(step.id.slice('sha512-'.length))) {
      throw new StoreError('image-damaged', `image ${step.id} is damaged: its content does not have that ID`, {
        hint: `remove it and fetch it again: rkt image rm ${step.id}`,
      });
    }
  } finally {
    closeSync(inputFd);
  }
}

function openBlob(context: StoreContext, id: ImageId): number {
  const fd = unlessMissing(() => openSync(context.layout.blob(id), 'r'));
  if (fd === undefined) throw new StoreError('no-image', `image ${JSON.stringify(id)} is not in the store`);
  return fd;
}
