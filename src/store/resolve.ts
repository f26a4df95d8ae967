import { existsSync } from 'node:fs';
import type { ImageId } from '#appc';
import { listImageIds } from './image-records.ts';
import type { CasLayout } from './layout.ts';
import { StoreError } from './store-error.ts';

const PREFIX = 'sha512-';
const SHORTEST = PREFIX.length + 2;
const WHOLE = PREFIX.length + 64;
const HINT = 'see which images there are: rkt image list';

/** See {@link Store.resolve}; the texts are rkt's. */
export function resolveImageId(layout: CasLayout, asked: string): ImageId {
  if (!asked.startsWith(PREFIX)) throw new StoreError('image-id-malformed', `image ID ${JSON.stringify(asked)} does not begin with "sha512-"`);
  if (asked.length < SHORTEST) throw new StoreError('image-id-too-short', 'image ID too short', { hint: HINT });
  if (!/^[0-9a-f]+$/.test(asked.slice(PREFIX.length))) throw noImage();
  const prefix = asked.slice(0, WHOLE);
  if (prefix.length === WHOLE) {
    if (!existsSync(layout.image(prefix as ImageId)) && !listImageIds(layout).includes(prefix as ImageId)) throw noImage();
    return prefix as ImageId;
  }
  const [found, another] = listImageIds(layout).filter((id) => id.startsWith(prefix));
  if (found === undefined) throw noImage();
  if (another !== undefined) throw new StoreError('image-id-ambiguous', `ambiguous image ID: ${JSON.stringify(asked)}`, { hint: HINT });
  return found;
}

function noImage(): StoreError {
  return new StoreError('no-image', 'no image IDs found', { hint: HINT });
}
