import { readBounded } from '#sys';
import { ImageError } from '../image-error.ts';
import { KEY_LIMIT } from '../http/limits.ts';
import { openError } from '../open-error.ts';
import type { TrustContext, TrustRequest } from './trust-keys.ts';

/** The bytes of a key named by a path or a URL. @throws {ImageError} */
export async function fetchKey(
  location: string,
  request: Pick<TrustRequest, 'allowHttp'>,
  ctx: Pick<TrustContext, 'self' | 'insecure' | 'report'>,
): Promise<Buffer> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return readKeyFile(location);
  if (scheme !== 'http' && scheme !== 'https') {
    throw new ImageError('bad-key', 'only local files and http or https URLs supported');
  }
  if (scheme === 'http' && request.allowHttp !== true) {
    throw new ImageError('insecure-transport', '--insecure-allow-http required for http URLs');
  }
  const policy = { plainHttp: request.allowHttp === true, verifyCertificates: !ctx.insecure.tls };
  return (await import('../confined/download-key.ts')).downloadKey(new URL(location), policy, ctx);
}

function readKeyFile(path: string): Buffer {
  try {
    return readBounded(path, KEY_LIMIT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EFBIG') throw new ImageError('too-large', `key "${path}" is larger than ${KEY_LIMIT} bytes`);
    throw openError(error);
  }
}
