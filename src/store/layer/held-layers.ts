import { existsSync, readFileSync } from 'node:fs';
import { unlessMissing } from '#sys';
import type { StoreContext } from '../context.ts';
import { layerLayout, type LayerLayout } from '../layout.ts';
import { tryLock } from '../locks.ts';
import type { LayerDigest } from '../types.ts';

/** Identifies this boot of the machine: what was written since needs no sync(2) to be believed. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * Whether a layer's directory holds that layer whole.
 *
 * It got its name when it was whole, so after any kill it is. After a power failure it is if it was made
 * durable before: then its `boot` file is gone. A `boot` file of another boot, or one that lost its content,
 * says that it was not.
 */
export function isLayerHeld(layer: LayerLayout, diffId: LayerDigest): boolean {
  return readId(layer) === diffId && isFromThisBootOrDurable(layer);
}

/** As {@link isLayerHeld}, and will be after any power failure. */
export function isLayerDurable(layer: LayerLayout, diffId: LayerDigest): boolean {
  return readId(layer) === diffId && !existsSync(layer.boot);
}

/** The diff ID of the layer in a directory; undefined where it cannot be believed. */
export function readLayer(directory: string): LayerDigest | undefined {
  const layer = layerLayout(directory);
  const id = readId(layer);
  return id !== undefined && isFromThisBootOrDurable(layer) ? (id as LayerDigest) : undefined;
}

function readId(layer: LayerLayout): string | undefined {
  return unlessMissing(() => readFileSync(layer.id, 'utf8').trim());
}

function isFromThisBootOrDurable(layer: LayerLayout): boolean {
  const boot = unlessMissing(() => readFileSync(layer.boot, 'utf8').trim());
  return boot === undefined || boot === bootId();
}

/** Whether a layer is held; if so gc will not take it while this process lives or until {@link unpinLayers}. */
export function pinLayer(context: StoreContext, diffId: LayerDigest): boolean {
  const layer = context.layout.layer(diffId);
  if (!isLayerHeld(layer, diffId)) return false;
  if (context.pins.has(layer.directory)) return true;
  const lock = unlessMissing(() => tryLock(layer.directory, 'directory', 'shared'));
  // Exclusively locked: gc is removing it.
  if (lock === undefined) return false;
  context.pins.set(layer.directory, lock);
  return true;
}

/** Lets go of layers, when an image's record protects them. */
export function unpinLayers(context: StoreContext, diffIds: readonly LayerDigest[]): void {
  for (const diffId of diffIds) {
    for (const path of [context.layout.layer(diffId).directory, context.layout.keptLayer(diffId).description]) {
      context.pins.get(path)?.release();
      context.pins.delete(path);
    }
  }
}
