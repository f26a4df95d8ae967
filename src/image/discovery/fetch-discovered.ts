import type { ImageId } from '#appc';
import type { RemoteRecord } from '#store';
import { type AciPlace, checkExpected } from '../aci-place.ts';
import type { FindOptions, ImageContext } from '../context.ts';
import { freshImage } from '../fetch-url.ts';
import { ImageError, type ImageErrorCode } from '../image-error.ts';
import { pullAci } from '../pull-aci.ts';
import { rememberedRemote } from '../remembered-remote.ts';
import { discover } from '../confined/discover.ts';
import { fetchKeysOf } from './key-locations.ts';
import type { Endpoint, Wanted } from './plan-discovery.ts';

/** Failures of a place, not of the image: the next place may have it. */
const TRY_NEXT: ReadonlySet<ImageErrorCode> = new Set(['connection-failed', 'bad-status', 'bad-redirect', 'no-signature']);

/**
 * An image found by its name: from the first place its discovery page names that gives it.
 *
 * @throws {ImageError} no-discovery, other-image, and of the download
 */
export async function fetchDiscovered(wanted: Wanted, options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  ctx.report.debug(`image: searching for app image ${wanted.name}`);
  const endpoints = await findEndpoints(wanted, ctx);
  let keysFetched = false;
  for (const [index, endpoint] of endpoints.entries()) {
    try {
      return await fetchFrom(endpoint, wanted, options, ctx, async () => {
        if (!keysFetched && !ctx.insecure.image) await fetchKeysOf(wanted.name, ctx);
        keysFetched = true;
      });
    } catch (error) {
      const isLast = index === endpoints.length - 1;
      if (isLast || !(error instanceof ImageError) || !TRY_NEXT.has(error.code)) throw error;
      ctx.report.info(`image: ${error.message}; trying the next place`);
    }
  }
  throw failed(wanted, 'no endpoints discovered');
}

async function findEndpoints(wanted: Wanted, ctx: ImageContext): Promise<readonly Endpoint[]> {
  const options = { plainHttp: ctx.insecure.http, verifyCertificates: !ctx.insecure.tls };
  const { endpoints } = await discover(wanted, 'ac-discovery', options, ctx).catch((error) => {
    throw error instanceof ImageError && error.code === 'no-discovery' ? failed(wanted, error.message, error) : error;
  });
  // What comes over plain HTTP is whatever somebody on the way makes of it, unless a signature is checked.
  const usable = endpoints.filter(({ aci }) => aci.protocol === 'https:' || ctx.insecure.http || !ctx.insecure.image);
  if (usable.length > 0) return usable;
  throw new ImageError('insecure-transport', `image "${wanted.name}" is offered over plain HTTP only, and its signature is not checked`, {
    hint: 'check it, by leaving out --insecure-options=image, or allow plain HTTP with --insecure-options=image,http',
  });
}

async function fetchFrom(
  { aci: url, signature }: Endpoint,
  wanted: Wanted,
  options: FindOptions,
  ctx: ImageContext,
  beforeDownload: () => Promise<void>,
): Promise<ImageId> {
  const place: AciPlace = { url, signature, expected: wanted };
  const remembered = rememberedRemote(url.href, ctx.store);
  ctx.report.debug(`image: remote fetching from URL "${url.href}"`);
  ctx.report.debug(`image: fetching image from ${url.href}`);
  const fresh = await freshImage(remembered, url, ctx);
  if (fresh !== undefined) return checked(fresh, wanted, ctx);
  await beforeDownload();
  return pullAci(place, matching(remembered, wanted, ctx), options, ctx);
}

/** A place may give another image for another label: what it gave before is no answer then. */
function matching(remembered: RemoteRecord | undefined, wanted: Wanted, ctx: ImageContext): RemoteRecord | undefined {
  if (remembered === undefined) return undefined;
  try {
    checked(remembered.blobKey, wanted, ctx);
    return remembered;
  } catch {
    return undefined;
  }
}

function checked(id: ImageId, wanted: Wanted, ctx: ImageContext): ImageId {
  checkExpected(ctx.store.get(id)!.manifest, wanted);
  return id;
}

function failed({ name }: Wanted, why: string, cause?: unknown): ImageError {
  return new ImageError('no-discovery', `discovery failed for "${name}": ${why}`, {
    cause,
    hint: 'fetch it by URL (https://….aci), by docker://REFERENCE or from a file (./name.aci)',
  });
}
