import type { ImageId } from '#appc';
import type { EngineParts } from './parts.ts';
import type { ImageArgument, PullPolicy } from './requests.ts';

/**
 * The image IDs of what the user named, in order.
 *
 * Images that the store holds are found without loading anything that fetches; only what is missing, or
 * must be asked for again, pays for that.
 */
export async function findImages(
  parts: EngineParts,
  images: readonly ImageArgument[],
  pullPolicy: PullPolicy,
): Promise<ImageId[]> {
  const { findImage } = await import('#image');
  const context = await parts.images();
  const ids: ImageId[] = [];
  for (const { image, signature } of images) {
    const options = { pullPolicy, ...(signature !== undefined && { signatureFile: signature }) };
    ids.push(await findImage(image, options, context));
  }
  return ids;
}
