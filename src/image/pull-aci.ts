import { closeSync, openSync } from 'node:fs';
import type { ImageId } from '#appc';
import type { RemoteRecord } from '#store';
import { type AciPlace, checkExpected } from './aci-place.ts';
import type { FindOptions, ImageContext } from './context.ts';
import { downloadAci, type Downloaded } from './download-aci.ts';
import { readSignatureFile } from './fetch-file.ts';
import { fetchSignature } from './fetch-signature.ts';
import { HttpClient } from './http/http-client.ts';
import { importVerified } from './import-aci.ts';
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
  // A URL the user wrote with http: is taken at its word, as rkt does; a redirect never leads there from https.
  using http = new HttpClient({ plainHttp: url.protocol === 'http:', verifyCertificates: !ctx.insecure.tls });
  // What is held and was never verified does not become good by being the latest.
  const latest = remembered !== undefined && (ctx.insecure.image || hasEvidence(ctx.store, remembered.blobKey)) ? remembered : undefined;
  const early = await firstSignature(http, place, options, ctx);
  const downloaded = await downloadAci({ http, url, etag: latest?.etag }, ctx);
  using file = downloaded;
  if (file.path === undefined) return refresh(place, latest!, file, ctx);
  const signature = early === 'deferred' ? await fetchSignature(http, place.signature, ctx, { deferrable: false }) : early;
  const id = await importDownloaded(file.path, place, signature === 'deferred' ? undefined : signature, ctx);
  ctx.store.writeRemote(planRecord(place, id, file, ctx));
  return id;
}

async function firstSignature(
  http: HttpClient,
  place: AciPlace,
  options: FindOptions,
  ctx: ImageContext,
): Promise<Buffer | 'deferred' | undefined> {
  if (ctx.insecure.image) return undefined;
  if (options.signatureFile !== undefined) return readSignatureFile(options.signatureFile, ctx);
  return fetchSignature(http, place.signature, ctx, { deferrable: true });
}

async function importDownloaded(path: string, place: AciPlace, signature: Buffer | undefined, ctx: ImageContext) {
  const fd = openSync(path, 'r');
  try {
    return await importVerified({ fd, path: place.url.href, signature, expected: place.expected }, ctx);
  } finally {
    closeSync(fd);
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
