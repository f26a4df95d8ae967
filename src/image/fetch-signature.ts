import type { ReceiveContext } from './receive-aci.ts';
import { signaturePath } from './fetch-file.ts';
import type { HttpClient } from './http/http-client.ts';
import { SIGNATURE_LIMIT } from './http/limits.ts';
import { readBody } from './http/read-body.ts';
import { ImageError } from './image-error.ts';

/** Where an image's detached signature is: beside it. */
export function signatureUrl(url: URL): URL {
  const copy = new URL(url);
  copy.pathname = signaturePath(url.pathname);
  return copy;
}

/**
 * Downloads a detached signature. A server may answer 202 to have it asked for after the image.
 *
 * @throws {ImageError} no-signature
 */
export async function fetchSignature(
  http: HttpClient,
  url: URL,
  ctx: ReceiveContext,
  { deferrable }: { deferrable: boolean },
): Promise<Buffer | 'deferred'> {
  ctx.report.debug(`image: downloading signature from ${url.href}`);
  const response = await http.send({ url, authorize: ctx.authorize });
  if (response.status === 200) return readBody(response.body, SIGNATURE_LIMIT, 'signature');
  response.body.destroy();
  if (response.status === 202 && deferrable) {
    ctx.report.info('image: server requested deferring the signature download');
    return 'deferred';
  }
  const text =
    response.status === 202
      ? 'server asked to defer the download again'
      : `bad HTTP status code: ${response.status}`;
  throw new ImageError('no-signature', `error downloading the signature file: ${text}`, {
    hint: 'give a signature by --signature; --insecure-options=image goes without',
  });
}
