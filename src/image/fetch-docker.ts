import type { ImageId } from '#appc';
import type { Reference } from '#oci';
import type { FindOptions, ImageContext } from './context.ts';
import { dockerName } from './image-source.ts';
import { notInStore } from './not-in-store.ts';
import { rememberedRemote } from './remembered-remote.ts';

/** An image of a registry, or as it was fetched before where the policy allows. @param text `docker://…` */
export async function fetchDocker(
  text: string,
  reference: Reference,
  options: FindOptions,
  ctx: ImageContext,
): Promise<ImageId> {
  const originalName = dockerName(text);
  const url = `docker://${originalName}`;
  const remembered = rememberedRemote(url, ctx.store);
  if (remembered !== undefined && options.pullPolicy !== 'update') {
    ctx.report.debug(`image: using image from local store for url ${url}`);
    return remembered.blobKey;
  }
  if (options.pullPolicy === 'never') throw notInStore(`docker image from URL "${url}"`);
  ctx.report.debug(`image: remote fetching from URL "${url}"`);
  ctx.report.debug(`image: fetching image from ${url}`);
  // An image that is held is found without loading what speaks to registries.
  const { pullImage } = await import('./confined/pull-image.ts');
  const id = await pullImage(reference, originalName, ctx);
  ctx.store.writeRemote({ url, blobKey: id, downloadTime: BigInt(Date.now()) * 1_000_000n });
  return id;
}
