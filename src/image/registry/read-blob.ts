import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#errors';
import type { Digest } from '#oci';
import { ImageError } from '../image-error.ts';
import { isBrief } from '../http/retry.ts';
import { RETRY_WAITS } from '../http/limits.ts';
import type { HttpResponse } from '../http/http-client.ts';
import type { RegistryClient } from './registry-client.ts';

/** What a blob must turn out to be. */
export interface BlobIdentity {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface BlobOptions {
  /** Bytes of the blob the caller has already; what is read begins after them. */
  readonly from?: number;
  readonly retryWaits?: readonly number[];
}

/**
 * A blob's bytes as they come, going on where a broken connection left them. It ends with an error as
 * soon as the blob is longer or shorter than it should be; digests are the reader's to check.
 */
export async function* readBlob(
  client: RegistryClient,
  blob: BlobIdentity,
  options: BlobOptions = {},
): AsyncGenerator<Buffer, void> {
  const waits = options.retryWaits ?? RETRY_WAITS;
  let done = options.from ?? 0;
  for (let failures = 0; done < blob.size; ) {
    try {
      for await (const chunk of await openFrom(client, blob, done)) {
        done += chunk.length;
        if (done > blob.size) throw sizeError(blob, 'more than');
        yield chunk;
        failures = 0;
      }
      if (done < blob.size) throw Object.assign(sizeError(blob, 'less than'), { brief: true });
    } catch (error) {
      const wait = waits[failures++];
      if (wait === undefined || !mayGoOn(error)) throw blobError(blob, error);
      await sleep(wait);
    }
  }
}

function mayGoOn(error: unknown): boolean {
  return isBrief(error) || (error as { brief?: boolean }).brief === true;
}

async function openFrom(client: RegistryClient, blob: BlobIdentity, from: number): Promise<AsyncIterable<Buffer>> {
  const response = await client.get({
    path: `blobs/${blob.digest}`,
    headers: from === 0 ? {} : { range: `bytes=${from}-` },
    accept: from === 0 ? [200] : [200, 206],
    what: `blob ${blob.digest}`,
  });
  return response.status === 206 && startOf(response) === from ? response.body : skip(response, from);
}

function startOf(response: HttpResponse): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
  return match ? Number(match[1]) : undefined;
}

/** The rest of a body that begins before `from`, from a server that does not do ranges. */
async function* skip(response: HttpResponse, from: number): AsyncGenerator<Buffer, void> {
  if (response.status === 206) {
    response.body.destroy();
    throw new ImageError('bad-answer', 'the registry sent another range than was asked for');
  }
  let left = from;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

function sizeError(blob: BlobIdentity, how: string): ImageError {
  return new ImageError('digest-mismatch', `blob ${blob.digest}: ${how} the ${blob.size} bytes it should have`);
}

function blobError(blob: BlobIdentity, cause: unknown): unknown {
  if (cause instanceof ImageError) return cause;
  return new ImageError('connection-failed', `blob ${blob.digest}: ${messageOf(cause)}`, { cause });
}
