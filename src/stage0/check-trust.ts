import { existsSync } from 'node:fs';
import type { ImageId, PodManifest } from '#appc';
import { type Pod, podFiles } from '#pod';
import { StoreError } from '#store';
import type { EngineParts } from './parts.ts';

export interface TrustCheck {
  /** Also reads again all that is to run: see `rkt image verify`. */
  readonly verifyContent: boolean;
}

/**
 * Checks, without asking anybody, that images of the store may run: see `checkEvidence`.
 *
 * @throws {ImageError} no-longer-trusted, evidence-mismatch, not-verified; {StoreError} where content has changed
 */
export async function checkTrust(parts: EngineParts, ids: readonly ImageId[], check: TrustCheck): Promise<void> {
  const context = await parts.images();
  const { checkEvidence } = await import('#image');
  for (const id of new Set(ids)) {
    const standing = await checkEvidence(id, context, { thorough: check.verifyContent });
    if (standing === 'unverified' && !parts.options.insecure.image) {
      parts.listener.debug(`warning: image ${id} was fetched without verification`);
    }
    if (check.verifyContent) await parts.store().verifyContent(id);
  }
}

/**
 * The same for a pod that was prepared earlier: trust may have been taken back since. Images that have left the store
 * meanwhile are not asked about, as the pod holds their files; nor is anything where verification was off at prepare.
 */
export async function checkPreparedTrust(parts: EngineParts, pod: Pod, manifest: PodManifest): Promise<void> {
  if (existsSync(pod.file(podFiles.verificationOff))) return;
  const ids = manifest.apps.map(({ image }) => image.id).filter((id) => isWhole(parts, id));
  await checkTrust(parts, ids, { verifyContent: false });
}

function isWhole(parts: EngineParts, id: ImageId): boolean {
  const store = parts.store();
  try {
    return store.get(id) !== undefined && store.imagesBelow(id).length > 0;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing-dependency') return false;
    throw error;
  }
}
