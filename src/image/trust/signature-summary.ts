import type { ImageId } from '#appc';
import type { Store } from '#store';
import { parseEvidence } from './evidence.ts';
import type { KeyKind } from './key-files.ts';

/** Who vouched for an image when it was fetched. */
export interface SignatureSummary {
  readonly kind: KeyKind;
  readonly fingerprint: string;
  /** For people. */
  readonly signer: string;
  /** The name its key was trusted for. */
  readonly name: string;
  /** What was signed: an image ID or a digest. */
  readonly over: string;
  /** When it was verified; ISO 8601. */
  readonly time: string;
}

/** Empty where an image was never verified, or where what was written down cannot be read. */
export function readSignatures(store: Pick<Store, 'readEvidence'>, id: ImageId): SignatureSummary[] {
  const text = store.readEvidence(id);
  if (text === undefined) return [];
  try {
    const { name, signatures, time } = parseEvidence(text);
    return signatures.map(({ fingerprint, kind, over, signer }) => ({ kind, fingerprint, signer, name, over, time }));
  } catch {
    return [];
  }
}
