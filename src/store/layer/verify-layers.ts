import { readFileSync } from 'node:fs';
import { unlessMissing, writeFileAtomic } from '#sys';
import type { StoreContext } from '../context.ts';
import { FILE_MODE } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { hashAsSealed } from '../tree/seal-tree.ts';
import type { LayerDigest } from '../types.ts';

/**
 * Compares layers with the hashes that were made when they were first verified; makes those that are missing.
 *
 * @returns `recorded` where one was made: that layer has nothing yet to be compared with
 * @throws {StoreError} `tree-changed`
 */
export function verifyLayers(context: StoreContext, layers: readonly LayerDigest[]): 'verified' | 'recorded' {
  const results = [...new Set(layers)].map((diffId) => verifyLayer(context, diffId));
  return results.includes('recorded') ? 'recorded' : 'verified';
}

function verifyLayer(context: StoreContext, diffId: LayerDigest): 'verified' | 'recorded' {
  const layer = context.layout.layer(diffId);
  const expected = unlessMissing(() => readFileSync(layer.hash, 'utf8').trim());
  const found = hashAsSealed(layer.diff, layer);
  if (found === expected) return 'verified';
  if (expected === undefined) {
    writeFileAtomic(layer.hash, `${found}\n`, { mode: FILE_MODE, durable: true });
    return 'recorded';
  }
  throw new StoreError('tree-changed', `layer ${diffId} has the hash ${found}, not ${expected}`, {
    hint: 'remove the images that have it, collect what is left (rkt image rm, rkt image gc), and fetch them again',
  });
}
