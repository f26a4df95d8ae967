import type { ImageContext } from '../context.ts';
import { SIGNATURE_LIMIT } from '../http/limits.ts';
import type { PartialFile } from '../partial-file.ts';
import type { AciRequest, Received } from '../receive-aci.ts';
import { authorizeHandler } from './authorize.ts';
import { badMessage, checkCount, checkObject, checkText } from './messages.ts';
import { runWorker } from './run-worker.ts';

/** Downloads an ACI as `../receive-aci.ts` does, by a process that has but the network and this one file. */
export async function receiveAci(request: AciRequest, file: PartialFile, ctx: ImageContext): Promise<Received> {
  const { url, etag, signatureUrl } = request;
  const { size, validator } = file;
  const value = await runWorker({
    self: ctx.self,
    report: ctx.report,
    fd: file.fd,
    request: {
      kind: 'download-aci',
      url: url.href,
      insecure: ctx.insecure,
      file: { size, ...(validator === undefined ? {} : { validator }) },
      ...(etag === undefined ? {} : { etag }),
      ...(signatureUrl === undefined ? {} : { signatureUrl: signatureUrl.href }),
    },
    handlers: {
      ...authorizeHandler(ctx),
      version: (version) => file.setVersion(version === null ? undefined : checkText(version)),
    },
  });
  return checkReceived(checkObject(value));
}

function checkReceived({ isNewer, etag, maxAge, signature }: Record<string, unknown>): Received {
  if (typeof isNewer !== 'boolean') throw badMessage();
  return {
    isNewer,
    etag: etag === undefined ? undefined : checkText(etag),
    maxAge: checkCount(maxAge),
    signature: signature === undefined ? undefined : Buffer.from(checkText(signature, 2 * SIGNATURE_LIMIT), 'base64'),
  };
}
