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
  const request = 'layer' in source ? planLayer(context, source.layer) : planImage(context, source.directories);
  yield* startPacker(selfOf(context), { ...request, ...options });
}

function planLayer(context: StoreContext, diffId: LayerDigest): Omit<PackRequest, 'name'> {
  const layer = context.layout.layer(diffId);
  if (!isLayerHeld(layer, diffId)) throw new StoreError('missing-layer', `layer ${diffId} is not in the store`);
  return { kind: 'layer', directories: [layer.diff], opaqueRoot: existsSync(layer.opaque) };
}

function planImage({ layout }: StoreContext, directories: readonly string[]): Omit<PackRequest, 'name'> {
  makeStoreDirectory(layout.root, layout.temporary);
  return { kind: 'image', directories, mountAt: layout.temporary };
}
