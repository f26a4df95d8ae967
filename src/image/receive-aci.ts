import type { Config } from '#config';
import type { ImageContext } from './context.ts';
import { downloadAci, type Downloaded } from './download-aci.ts';
import { fetchSignature } from './fetch-signature.ts';
import { HttpClient } from './http/http-client.ts';
import type { GrowingFile } from './partial-file.ts';

export interface AciRequest {
  readonly url: URL;
  /** Of the image that is held already: the server may say that it has nothing newer. */
  readonly etag: string | undefined;
  /** Whether the signature that is beside the image is wanted. */
  readonly fetchSignature: boolean;
}

export type ReceiveContext = Pick<ImageContext, 'insecure' | 'report'> & { readonly config: Pick<Config, 'authHeaders'> };

export interface Received extends Downloaded {
  /** Undefined where it was not wanted, or the image is not newer. */
  readonly signature: Buffer | undefined;
}

/** Downloads an ACI into a file, and its signature. @throws {ImageError} */
export async function receiveAci(request: AciRequest, file: GrowingFile, ctx: ReceiveContext): Promise<Received> {
  const { url, etag } = request;
  // A URL the user wrote with http: is taken at its word, as rkt does; a redirect never leads there from https.
  using http = new HttpClient({ plainHttp: url.protocol === 'http:', verifyCertificates: !ctx.insecure.tls });
  const early = request.fetchSignature ? await fetchSignature(http, url, ctx, { deferrable: true }) : undefined;
  const downloaded = await downloadAci({ http, url, etag }, file, ctx);
  const late = early === 'deferred' && downloaded.isNewer;
  const signature = late ? await fetchSignature(http, url, ctx, { deferrable: false }) : early;
  return { ...downloaded, signature: signature === 'deferred' ? undefined : signature };
}
