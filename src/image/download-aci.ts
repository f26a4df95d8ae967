import type { ReceiveContext } from './receive-aci.ts';
import { parseMaxAge } from './http/cache-control.ts';
import type { HttpClient, HttpResponse } from './http/http-client.ts';
import { ACI_LIMIT, RETRY_WAITS } from './http/limits.ts';
import { redactUrl } from './http/redact.ts';
import { isBrief } from './http/retry.ts';
import { ImageError } from './image-error.ts';
import type { GrowingFile } from './partial-file.ts';
import { messageOf } from '#errors';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Download {
  readonly http: HttpClient;
  readonly url: URL;
  /** Of the image that is held already: the server may say that it has nothing newer. */
  readonly etag: string | undefined;
}

export interface Downloaded {
  /** False where the server has nothing newer than what is held. */
  readonly isNewer: boolean;
  readonly etag: string | undefined;
  /** Seconds; 0 where the server named none. */
  readonly maxAge: number;
}

/**
 * Downloads an image into a file. A download that breaks goes on where it was, now or at the next call, if the server
 * still has the same file.
 *
 * @throws {ImageError} bad-status and of the connection
 */
export async function downloadAci(request: Download, file: GrowingFile, ctx: ReceiveContext): Promise<Downloaded> {
  for (let failures = 0; ; ) {
    const before = file.size;
    try {
      const response = await ask(file, request, ctx);
      const isNewer = response.status !== 304;
      if (isNewer) await receive(file, response, request.url, ctx);
      const { etag, 'cache-control': cacheControl } = response.headers;
      return { isNewer, etag, maxAge: parseMaxAge(cacheControl) };
    } catch (error) {
      if (file.size > before) failures = 0;
      const wait = RETRY_WAITS[failures++];
      if (wait === undefined || !isBrief(error)) throw downloadError(request.url, error);
      await sleep(wait);
    }
  }
}

/** Asks for what is missing; the answer's body goes at the file's end. */
async function ask(file: GrowingFile, request: Download, ctx: ReceiveContext): Promise<HttpResponse> {
  const { http, url, etag } = request;
  const headers: Record<string, string> = etag === undefined ? {} : { 'if-none-match': etag };
  const { authorize } = ctx;
  const rest = file.validator === undefined ? {} : { range: `bytes=${file.size}-`, 'if-range': file.validator };
  const response = await http.send({ url, headers: { ...headers, ...rest }, authorize });
  if (response.status === 206 && startOf(response) === file.size) return response;
  if (response.status === 200 || response.status === 304) {
    file.reset(strongValidator(response));
    return response;
  }
  response.body.destroy();
  if (response.status !== 416 && response.status !== 206) throw badStatus(response.status);
  file.reset(undefined);
  const again = await http.send({ url, headers, authorize });
  if (again.status !== 200) {
    again.body.destroy();
    throw badStatus(again.status);
  }
  file.reset(strongValidator(again));
  return again;
}

async function receive(file: GrowingFile, response: HttpResponse, url: URL, ctx: ReceiveContext): Promise<void> {
  const length = response.headers['content-length'];
  const total = length === undefined ? undefined : file.size + Number(length);
  if (total !== undefined && total > ACI_LIMIT) throw tooLarge(response);
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    if (file.size + chunk.length > ACI_LIMIT) throw tooLarge(response);
    file.append(chunk);
    ctx.report.progress({ kind: 'aci', id: redactUrl(url), done: file.size, total });
  }
}

function startOf(response: HttpResponse): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
  return match ? Number(match[1]) : undefined;
}

/** What tells this version of the file from any other (RFC 9110 13.1.5): only that may be resumed. */
function strongValidator({ headers }: HttpResponse): string | undefined {
  const { etag } = headers;
  return etag !== undefined && etag.startsWith('"') ? etag : headers['last-modified'];
}

function tooLarge({ body }: HttpResponse): ImageError {
  body.destroy();
  return new ImageError('too-large', `error downloading ACI: it is larger than ${ACI_LIMIT} bytes`);
}

function badStatus(status: number): ImageError {
  return new ImageError('bad-status', `error downloading ACI: bad HTTP status code: ${status}`);
}

function downloadError(url: URL, cause: unknown): unknown {
  if (cause instanceof ImageError) return cause;
  return new ImageError('connection-failed', `failed to download "${redactUrl(url)}": ${messageOf(cause)}`, { cause });
}
