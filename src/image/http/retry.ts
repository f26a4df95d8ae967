import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#errors';
import { ImageError } from '../image-error.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';
import { RETRY_AFTER_LIMIT, RETRY_WAITS } from './limits.ts';
import { redactText, redactUrl } from './redact.ts';

const BRIEF_STATUSES = new Set([429, 500, 502, 503, 504]);
const BRIEF_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

/** Sends again, after a wait, what failed for a reason that passes. @throws {ImageError} connection-failed */
export async function withRetries(
  request: HttpRequest,
  waits: readonly number[] = RETRY_WAITS,
  send: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  for (let attempt = 0; ; attempt++) {
    const wait = waits[attempt];
    try {
      const response = await send();
      if (wait === undefined || !BRIEF_STATUSES.has(response.status)) return response;
      response.body.resume();
      await sleep(retryAfter(response.headers['retry-after']) ?? wait);
    } catch (error) {
      if (wait === undefined || !isBrief(error)) throw connectionError(request.url, error);
      await sleep(wait);
    }
  }
}

/** Whether an error of the connection may be gone at the next attempt. */
export function isBrief(error: unknown): boolean {
  return BRIEF_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Milliseconds the server asks to wait (Retry-After in seconds; a date is not followed). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,6}$/.test(value)) return undefined;
  return Math.min(Number(value) * 1000, RETRY_AFTER_LIMIT);
}

function connectionError(url: URL, cause: unknown): ImageError {
  const reason = speaksNoTls(cause) ? 'the server does not speak TLS' : redactText(messageOf(cause));
  const hint = hintFor(cause);
  return new ImageError('connection-failed', `cannot reach ${redactUrl(url)}: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

function hintFor(cause: unknown): string | undefined {
  if (speaksNoTls(cause)) return 'where the network is trusted, --insecure-options=http allows plain HTTP';
  return isCertificateError(cause) ? 'trust its certificate authority (NODE_EXTRA_CA_CERTS)' : undefined;
}

/** OpenSSL's word for an answer that is no TLS record, as from a server that speaks plain HTTP. */
function speaksNoTls(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPROTO' && /wrong version number/.test(messageOf(error));
}

function isCertificateError(error: unknown): boolean {
  return /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test((error as NodeJS.ErrnoException).code ?? '');
}
