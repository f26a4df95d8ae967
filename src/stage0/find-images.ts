import type { ImageId } from '#appc';
import type { FindOptions } from '#image';
import type { EngineParts } from './parts.ts';
import type { ImageArgument, PullPolicy } from './requests.ts';

/**
 * The image IDs of what the user named, in order.
 *
 * An ID is looked up without loading what fetches and what that is configured with.
 */
export async function findImages(
  parts: EngineParts,
  images: readonly ImageArgument[],
  pullPolicy: PullPolicy,
): Promise<ImageId[]> {
  const ids: ImageId[] = [];
  for (const { image, signature } of images) {
    const options = { pullPolicy, ...(signature !== undefined && { signatureFile: signature }) };
    ids.push(image.startsWith('sha512-') ? findHeld(parts, image) : await findAnywhere(parts, image, options));
  }
  return ids;
}

function findHeld({ listener, store }: EngineParts, image: string): ImageId {
  const id = store().resolve(image);
  listener.debug(`image: using image from the store with hash ${id}`);
  return id;
}

async function findAnywhere(parts: EngineParts, image: string, options: FindOptions): Promise<ImageId> {
  const { findImage } = await import('#image');
  return findImage(image, options, await parts.images());
}
