import type { ImageId } from '#appc';
import type { RemoteRecord } from '#store';
import { type AciPlace, checkExpected } from './aci-place.ts';
import type { FindOptions, ImageContext } from './context.ts';
import { receiveAci } from './confined/receive-aci.ts';
import type { Downloaded } from './download-aci.ts';
import { readSignatureFile } from './fetch-file.ts';
import { importVerified } from './import-aci.ts';
import { openPartialFile, type PartialFile } from './partial-file.ts';
import type { Received } from './receive-aci.ts';
import { hasEvidence } from './trust/write-evidence.ts';

/**
 * Downloads an ACI and its signature, and takes it into the store.
 *
 * @param remembered of an earlier download whose image is still held: the server may say that it still holds
 */
export async function pullAci(
  place: AciPlace,
  remembered: RemoteRecord | undefined,
  options: FindOptions,
  ctx: ImageContext,
): Promise<ImageId> {
  const { url } = place;
  if (ctx.insecure.tls) ctx.report.info('image: warning: TLS verification has been disabled');
  if (ctx.insecure.image) ctx.report.info('image: warning: image signature verification has been disabled');
  // What is held and was never verified does not become good by being the latest.
  const latest = remembered !== undefined && (ctx.insecure.image || hasEvidence(ctx.store, remembered.blobKey)) ? remembered : undefined;
  const { signatureFile } = options;
  const given = ctx.insecure.image || signatureFile === undefined ? undefined : readSignatureFile(signatureFile, ctx);
  const file = await openPartialFile(ctx.store.temporaryDirectory(), url.href, ctx.report);
  try {
    const signatureUrl = ctx.insecure.image || given !== undefined ? undefined : place.signature;
    const received = await receiveAci({ url, etag: latest?.etag, signatureUrl }, file, ctx);
    if (!received.isNewer && latest !== undefined) return refresh(place, latest, received, ctx);
    return await takeIn(file, place, given ?? received.signature, received, ctx);
  } finally {
    file.release();
  }
}

/** What has been downloaded whole is of no more use as a partial file, whatever becomes of it. */
async function takeIn(
  file: PartialFile,
  place: AciPlace,
  signature: Buffer | undefined,
  received: Received,
  ctx: ImageContext,
): Promise<ImageId> {
  // Whatever the process that fetched may say.
  if (signature === undefined && !ctx.insecure.image) throw new Error(`no signature was fetched for ${place.url.href}`);
  try {
    const id = await importVerified({ fd: file.fd, path: place.url.href, signature, expected: place.expected }, ctx);
    ctx.store.writeRemote(planRecord(place, id, received, ctx));
    return id;
  } finally {
    file.remove();
  }
}

/** The server says that what we have is still what it has. */
function refresh(place: AciPlace, remembered: RemoteRecord, answer: Downloaded, ctx: ImageContext): ImageId {
  checkExpected(ctx.store.get(remembered.blobKey)!.manifest, place.expected);
  const { maxAge: _, ...rest } = remembered;
  ctx.store.writeRemote({ ...rest, ...cacheFields(answer), downloadTime: now() });
  return remembered.blobKey;
}

function planRecord(place: AciPlace, id: ImageId, answer: Downloaded, ctx: ImageContext): RemoteRecord {
  return {
    url: place.url.href,
    blobKey: id,
    downloadTime: now(),
    ...cacheFields(answer),
    ...(ctx.insecure.image ? {} : { signatureUrl: place.signature.href }),
  };
}

function cacheFields({ etag, maxAge }: Downloaded): { etag?: string; maxAge?: number } {
  return { ...(etag === undefined ? {} : { etag }), ...(maxAge === 0 ? {} : { maxAge }) };
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
