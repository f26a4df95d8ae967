import type { ImageId } from '#appc';
import { listImageIds, readImageRecord, removeImage } from '../image-records.ts';
import { unlessUsed } from '../image-use.ts';
import type { CasLayout } from '../layout.ts';

/** See {@link Store.gcImages}. */
export function gcImages(
  layout: CasLayout,
  referenced: ReadonlySet<string>,
  gracePeriodMs: number,
  now = Date.now(),
): ImageId[] {
  const latest = BigInt(Math.floor(now - gracePeriodMs)) * 1_000_000n;
  const unused = listImageIds(layout).filter((id) => {
    const record = readImageRecord(layout, id);
    return !referenced.has(id) && record !== undefined && record.lastUsed <= latest;
  });
  return unused.filter((id) => unlessUsed(layout, id, () => removeImage(layout, id)));
}
