import type { StoreContext } from '../context.ts';
import { mayUnpack, needsRoot } from '../privilege.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest } from '../types.ts';
import { withLayerLock } from './add-layer.ts';
import { pinLayer, unpinLayers } from './held-layers.ts';
import { makeDurable } from './import-layers.ts';
import { isDamage, readKeptLayer, removeKeptLayer } from './kept-layers.ts';
import { unpackKeptLayer } from './unpack-layer.ts';

/**
 * Unpacks those of an image's layers that were kept as they came, several at a time; they are durable afterwards and the
 * kept files gone. An image may have layers of both kinds.
 *
 * @throws {StoreError} `needs-root` for one who is not; `image-damaged`, and then the kept file is gone
 */
export async function unpackKeptLayers(context: StoreContext, layers: readonly LayerDigest[]): Promise<void> {
  if (!mayUnpack()) throw needsRoot();
  const each = [...new Set(layers)];
  const results = await Promise.allSettled(each.map((layer) => unpackKept(context, layer)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  makeDurable(context.layout, each);
  unpinLayers(context, each);
}

async function unpackKept(context: StoreContext, diffId: LayerDigest): Promise<void> {
  if (pinLayer(context, diffId)) return;
  await withLayerLock(context, diffId, async () => {
    if (pinLayer(context, diffId)) return;
    const kept = readKeptLayer(context.layout, diffId);
    if (kept === undefined) throw new StoreError('missing-layer', `layer ${diffId} is not in the store`);
    try {
      await unpackKeptLayer(context, kept);
    } catch (error) {
      if (!isDamage(error)) throw error;
      removeKeptLayer(context.layout, diffId);
      const hint = 'remove the image and fetch it again: rkt image rm, rkt fetch';
      throw new StoreError('image-damaged', `what was kept of a layer is damaged: ${error.message}`, { hint, cause: error });
    }
    pinLayer(context, diffId);
  });
}
