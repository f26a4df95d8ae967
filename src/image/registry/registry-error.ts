import { ImageError, type ImageErrorCode } from '../image-error.ts';
import type { HttpResponse } from '../http/http-client.ts';
import { ERROR_LIMIT } from '../http/limits.ts';
import { readSome } from '../http/read-body.ts';
import { redactText } from '../http/redact.ts';

const DETAILS_LIMIT = 3;

/** An error that says what a registry answered (OCI distribution spec, "Error Codes"). Consumes the body. */
export async function registryError(response: HttpResponse, what: string): Promise<ImageError> {
  const details = parseErrors(await readSome(response.body, ERROR_LIMIT));
  const said = details.length === 0 ? '' : `: ${details.join('; ')}`;
  const code = codeOf(response.status);
  return new ImageError(code, `${what}: registry answered ${response.status}${said}`, hintFor(code));
}

function codeOf(status: number): ImageErrorCode {
  if (status === 401 || status === 403) return 'unauthorized';
  return status === 404 ? 'not-found' : 'bad-status';
}

function hintFor(code: ImageErrorCode): { hint?: string } {
  if (code === 'unauthorized') {
    return { hint: 'check the name, or give credentials in auth.d (kind dockerAuth) or by docker login' };
  }
  return code === 'not-found' ? { hint: 'check the name and the tag' } : {};
}

function parseErrors(body: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [];
  }
  const errors = (value as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, DETAILS_LIMIT).map(renderError).filter((text) => text !== '');
}

function renderError(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const parts = [code, message].filter((part) => typeof part === 'string' && part !== '');
  return redactText(parts.join(' '));
}
