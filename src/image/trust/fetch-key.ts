import { readFileSync, statSync } from 'node:fs';
import { ImageError } from '../image-error.ts';
import { HttpClient } from '../http/http-client.ts';
import { KEY_LIMIT } from '../http/limits.ts';
import { readBody } from '../http/read-body.ts';
import { openError } from '../open-error.ts';
import type { TrustContext, TrustRequest } from './trust-keys.ts';

/** The bytes of a key named by a path or a URL. @throws {ImageError} */
export async function fetchKey(
  location: string,
  request: Pick<TrustRequest, 'allowHttp'>,
  ctx: Pick<TrustContext, 'insecure'>,
): Promise<Buffer> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return readKeyFile(location);
  if (scheme !== 'http' && scheme !== 'https') {
    throw new ImageError('bad-key', 'only local files and http or https URLs supported');
  }
  if (scheme === 'http' && request.allowHttp !== true) {
    throw new ImageError('insecure-transport', '--insecure-allow-http required for http URLs');
  }
  return download(new URL(location), request.allowHttp === true, !ctx.insecure.tls);
}

function readKeyFile(path: string): Buffer {
  try {
    if (statSync(path).size > KEY_LIMIT) throw new ImageError('too-large', `key "${path}" is larger than ${KEY_LIMIT} bytes`);
    return readFileSync(path);
  } catch (error) {
    throw openError(path, error);
  }
}

async function download(url: URL, plainHttp: boolean, verifyCertificates: boolean): Promise<Buffer> {
  using http = new HttpClient({ plainHttp, verifyCertificates });
  const response = await http.send({ url });
  if (response.status !== 200) {
    response.body.destroy();
    throw new ImageError('bad-status', `bad HTTP status code: ${response.status}`);
  }
  return readBody(response.body, KEY_LIMIT, 'key');
}
