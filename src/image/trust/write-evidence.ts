import { createHash } from 'node:crypto';
import type { ImageId } from '#appc';
import type { Store } from '#store';
import { type Evidence, parseEvidence, renderEvidence } from './evidence.ts';

export type Verified = Pick<Evidence, 'signatures' | 'docker'>;

export function textHash(algorithm: 'sha256' | 'sha512', text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/**
 * Keeps with an image how it was verified.
 *
 * @param verified undefined: it was not; what an earlier fetch proved of the same image stays
 */
export function writeEvidence(store: Store, id: ImageId, verified: Verified | undefined): void {
  if (verified === undefined && hasEvidence(store, id)) return;
  const { name } = store.get(id)!.manifest;
  store.writeEvidence(
    id,
    renderEvidence({
      image: id,
      name,
      verified: verified === undefined ? 'none' : 'signed',
      time: new Date().toISOString(),
      manifestHash: textHash('sha512', store.readManifestText(id)),
      ...(verified ?? { signatures: [] }),
    }),
  );
}

/** Whether an image was verified when it was fetched. Whether that still counts is not asked. */
export function hasEvidence(store: Pick<Store, 'readEvidence'>, id: ImageId): boolean {
  const text = store.readEvidence(id);
  if (text === undefined) return false;
  try {
    return parseEvidence(text).verified === 'signed';
  } catch {
    return false;
  }
}
