import type { ImageContext } from './context.ts';
import { downloadAci, type Downloaded } from './download-aci.ts';
import { fetchSignature } from './fetch-signature.ts';
import { type Authorize, HttpClient } from './http/http-client.ts';
import type { GrowingFile } from './partial-file.ts';

export interface AciRequest {
  readonly url: URL;
  /** Where its signature is, if that is wanted. */
  readonly signatureUrl: URL | undefined;
  /** Of the image that is held already: the server may say that it has nothing newer. */
  readonly etag: string | undefined;
}

export type ReceiveContext = Pick<ImageContext, 'insecure' | 'report'> & { readonly authorize: Authorize };

export interface Received extends Downloaded {
  /** Undefined where it was not wanted, or the image is not newer. */
  readonly signature: Buffer | undefined;
}

/** Downloads an ACI into a file, and its signature. @throws {ImageError} */
export async function receiveAci(request: AciRequest, file: GrowingFile, ctx: ReceiveContext): Promise<Received> {
  const { url, etag, signatureUrl } = request;
  // A URL the user wrote with http: is taken at its word, as rkt does; a redirect never leads there from https.
  using http = new HttpClient({ plainHttp: url.protocol === 'http:', verifyCertificates: !ctx.insecure.tls });
  const early = signatureUrl && (await fetchSignature(http, signatureUrl, ctx, { deferrable: true }));
  const downloaded = await downloadAci({ http, url, etag }, file, ctx);
  if (early !== 'deferred') return { ...downloaded, signature: early };
  const late = downloaded.isNewer ? await fetchSignature(http, signatureUrl!, ctx, { deferrable: false }) : undefined;
  return { ...downloaded, signature: late as Buffer | undefined };
}
