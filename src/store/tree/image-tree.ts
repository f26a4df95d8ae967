import { existsSync } from 'node:fs';
import type { ImageId } from '#appc';
import type { StoreContext } from '../context.ts';
import { layersTreeId } from '../image-id.ts';
import { type ImageRecord, readImageRecord } from '../image-records.ts';
import { isKept } from '../layer/kept-layers.ts';
import { checkRootOnly } from '../modes.ts';
import { mayUnpack } from '../privilege.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest, Tree } from '../types.ts';
import { layeredTree, pinTree } from './layered-tree.ts';
import { planAciTree } from './plan-aci-tree.ts';
import { readTreeRecord, writeTreeRecord } from './tree-records.ts';

/** See {@link Store.tree}. */
export async function treeOf(context: StoreContext, id: ImageId): Promise<Tree> {
  const record = requireRecord(context, id);
  checkRootOnly(context.layout.root);
  if (record.layers === undefined) return (await import('./aci-tree.ts')).aciTree(context, id);
  await unpackWhatIsKept(context, record.layers);
  return treeOfLayers(context, treeIdOfLayers(record), record.layers);
}

/** Layers that one who is not root has fetched. Nearly always there are none. */
async function unpackWhatIsKept(context: StoreContext, layers: readonly LayerDigest[]): Promise<void> {
  if (!existsSync(context.layout.keptLayers) || !layers.some((layer) => isKept(context.layout, layer))) return;
  await (await import('../layer/unpack-kept.ts')).unpackKeptLayers(context, layers);
}

/** A pod finds its tree by the tree's record alone, which may have been lost. */
function treeOfLayers(context: StoreContext, treeId: string, layers: readonly LayerDigest[]): Tree {
  const tree = layeredTree(context, treeId, layers);
  if (readTreeRecord(context.layout, treeId)?.layers === undefined) writeTreeRecord(context.layout, treeId, { layers });
  return tree;
}

/** See {@link Store.treeId}. */
export function treeIdOf(context: StoreContext, id: ImageId): string {
  const record = requireRecord(context, id);
  if (record.layers !== undefined) return treeIdOfLayers(record);
  return planAciTree(context.layout, id).treeId;
}

/** See {@link Store.imagesBelow}. */
export function imagesBelow(context: StoreContext, id: ImageId): ImageId[] {
  if (requireRecord(context, id).layers !== undefined) return [id];
  return [...new Set(planAciTree(context.layout, id).steps.map((step) => step.id))];
}

/** See {@link Store.openTree}. */
export function openTree(context: StoreContext, treeId: string): Tree | undefined {
  checkRootOnly(context.layout.root);
  const layers = readTreeRecord(context.layout, treeId)?.layers;
  if (layers !== undefined) return layeredTree(context, treeId, layers);
  const tree = context.layout.tree(treeId);
  if (!existsSync(tree.rendered)) return undefined;
  pinTree(context, treeId);
  return existsSync(tree.rendered) ? { id: treeId, lowerDirs: [tree.rootfs] } : undefined;
}

/** See {@link Store.verifyTree}. */
export async function verifyTree(context: StoreContext, id: ImageId): Promise<'verified' | 'recorded'> {
  const record = requireRecord(context, id);
  if (record.layers === undefined) {
    await (await import('./aci-tree.ts')).verifyAciTree(context, id);
    return 'verified';
  }
  if (!mayUnpack()) return (await import('../layer/check-kept.ts')).checkKeptLayers(context, record.layers);
  await treeOf(context, id);
  return (await import('../layer/verify-layers.ts')).verifyLayers(context, record.layers);
}

/** See {@link Store.renderAgain}; the layers of a layered image stay as they are. */
export async function renderAgain(context: StoreContext, id: ImageId): Promise<Tree> {
  const record = requireRecord(context, id);
  if (record.layers !== undefined) return treeOf(context, id);
  return (await import('./aci-tree.ts')).renderAciTreeAgain(context, id);
}

function treeIdOfLayers(record: ImageRecord): string {
  return record.treeId ?? layersTreeId(record.layers ?? []);
}

function requireRecord(context: StoreContext, id: ImageId): NonNullable<ReturnType<typeof readImageRecord>> {
  const record = readImageRecord(context.layout, id);
  if (record === undefined) throw new StoreError('no-image', `image ${JSON.stringify(id)} is not in the store`);
  return record;
}
