import type { ImageId } from '#appc';
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
