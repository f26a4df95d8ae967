import { existsSync } from 'node:fs';
import { selfOf, type StoreContext } from '../context.ts';
import { isLayerHeld } from '../layer/held-layers.ts';
import { makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest, PackOptions, PackSource } from '../types.ts';
import type { PackRequest } from './protocol.ts';

/** See {@link Store.pack}. */
export async function* packFiles(context: StoreContext, source: PackSource, options: PackOptions): AsyncGenerator<Buffer> {
  const { startPacker } = await import('./start-packer.ts');
  const { root, temporary: scratch } = context.layout;
  makeStoreDirectory(root, scratch);
  const files = 'layer' in source ? planLayer(context, source.layer) : { kind: 'image' as const, directories: source.directories };
  yield* startPacker({ ...files, ...options, scratch, self: selfOf(context) });
}

function planLayer(context: StoreContext, diffId: LayerDigest): Pick<PackRequest, 'kind' | 'directories' | 'opaqueRoot'> {
  const layer = context.layout.layer(diffId);
  if (!isLayerHeld(layer, diffId)) throw new StoreError('missing-layer', `layer ${diffId} is not in the store`);
  return { kind: 'layer', directories: [layer.diff], opaqueRoot: existsSync(layer.opaque) };
}
