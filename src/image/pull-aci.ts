import type { ImageId } from '#appc';
import type { RemoteRecord } from '#store';
import { receiveAci } from './confined/receive-aci.ts';
import type { FindOptions, ImageContext } from './context.ts';
import type { Downloaded } from './download-aci.ts';
import { readSignatureFile } from './fetch-file.ts';
import { signatureUrl } from './fetch-signature.ts';
import { importVerified } from './import-aci.ts';
import { openPartialFile, type PartialFile } from './partial-file.ts';
import type { Received } from './receive-aci.ts';

/**
 * Downloads an ACI and its signature, and takes it into the store.
 *
 * @param remembered of an earlier download whose image is still held: the server may say that it still holds
 */
export async function pullAci(
  url: URL,
  remembered: RemoteRecord | undefined,
  options: FindOptions,
  ctx: ImageContext,
): Promise<ImageId> {
  if (ctx.insecure.tls) ctx.report.info('image: warning: TLS verification has been disabled');
  if (ctx.insecure.image) ctx.report.info('image: warning: image signature verification has been disabled');
  const { signatureFile } = options;
  const given = ctx.insecure.image || signatureFile === undefined ? undefined : readSignatureFile(signatureFile, ctx);
  const file = await openPartialFile(ctx.store.temporaryDirectory(), url.href, ctx.report);
  try {
    const fetchSignature = !ctx.insecure.image && given === undefined;
    const received = await receiveAci({ url, etag: remembered?.etag, fetchSignature }, file, ctx);
    if (!received.isNewer) return refresh(remembered!, received, ctx);
    const signature = given ?? received.signature;
    // Without one where one is needed nothing was verified, whatever the other process may say.
    if (signature === undefined && !ctx.insecure.image) throw new Error(`no signature was fetched for ${url.href}`);
    return await takeIn(file, url, signature, received, ctx);
  } finally {
    file.release();
  }
}

/** What has been downloaded whole is of no more use as a partial file, whatever becomes of it. */
async function takeIn(
  file: PartialFile,
  url: URL,
  signature: Buffer | undefined,
  received: Received,
  ctx: ImageContext,
): Promise<ImageId> {
  try {
    const id = await importVerified({ fd: file.fd, path: url.href, signature }, ctx);
    ctx.store.writeRemote(planRecord(url, id, received, ctx));
    return id;
  } finally {
    file.remove();
  }
}

/** The server says that what we have is still what it has. */
function refresh(remembered: RemoteRecord, answer: Downloaded, ctx: ImageContext): ImageId {
  const { maxAge: _, ...rest } = remembered;
  ctx.store.writeRemote({ ...rest, ...cacheFields(answer), downloadTime: now() });
  return remembered.blobKey;
}

function planRecord(url: URL, id: ImageId, answer: Downloaded, ctx: ImageContext): RemoteRecord {
  return {
    url: url.href,
    blobKey: id,
    downloadTime: now(),
    ...cacheFields(answer),
    ...(ctx.insecure.image ? {} : { signatureUrl: signatureUrl(url).href }),
  };
}

function cacheFields({ etag, maxAge }: Downloaded): { etag?: string; maxAge?: number } {
  return { ...(etag === undefined ? {} : { etag }), ...(maxAge === 0 ? {} : { maxAge }) };
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
