import type { ImageId } from '#appc';
import type { RemoteRecord } from '#store';
import { placeOf } from './aci-place.ts';
import type { FindOptions, ImageContext } from './context.ts';
import { notInStore } from './not-in-store.ts';
import { rememberedRemote } from './remembered-remote.ts';

/** An ACI from an http or https URL, or as it was fetched before where the policy and its age allow. */
export async function fetchUrl(url: URL, options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  const remembered = rememberedRemote(url.href, ctx.store);
  if (remembered !== undefined && options.pullPolicy !== 'update') {
    ctx.report.debug(`image: using image from local store for url ${url.href}`);
    return remembered.blobKey;
  }
  if (options.pullPolicy === 'never') throw notInStore(`image from URL "${url.href}"`);
  ctx.report.debug(`image: remote fetching from URL "${url.href}"`);
  const fresh = await freshImage(remembered, url, ctx);
  if (fresh !== undefined) return fresh;
  ctx.report.debug(`image: fetching image from ${url.href}`);
  // An image that is held is found without loading what downloads.
  const { pullAci } = await import('./pull-aci.ts');
  return pullAci(placeOf(url), remembered, options, ctx);
}

/** The image of an earlier download that its server gave a life which has not ended. */
export async function freshImage(
  remembered: RemoteRecord | undefined,
  url: URL,
  ctx: ImageContext,
): Promise<ImageId | undefined> {
  if (remembered === undefined || !isFresh(remembered) || !(await mayStay(remembered, ctx))) return undefined;
  ctx.report.debug(`image: image for ${url.href} isn't expired, not fetching.`);
  return remembered.blobKey;
}

function isFresh(record: RemoteRecord, now = Date.now()): boolean {
  const age = now - Number(record.downloadTime / 1_000_000n);
  return record.maxAge !== undefined && age >= 0 && age < record.maxAge * 1000;
}

/** Where images are verified, one that was not is fetched again, however new it is. */
async function mayStay({ blobKey }: RemoteRecord, ctx: ImageContext): Promise<boolean> {
  return ctx.insecure.image || (await import('./trust/write-evidence.ts')).hasEvidence(ctx.store, blobKey);
}
