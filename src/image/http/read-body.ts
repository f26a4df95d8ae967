import type { Readable } from 'node:stream';
import { ImageError } from '../image-error.ts';
import { SMALL_BODY_DEADLINE } from './limits.ts';

/**
 * All of a body that must be small, and be here soon.
 *
 * @param deadline milliseconds: a server that sends a byte now and then is not waited for
 * @throws {ImageError} too-large and connection-failed, naming `what`
 */
export async function readBody(
  body: Readable,
  limit: number,
  what: string,
  deadline: number = SMALL_BODY_DEADLINE,
): Promise<Buffer> {
  const timer = setTimeout(() => body.destroy(new ImageError('connection-failed', `${what}: not here in time`)), deadline);
  try {
    return await readWithin(body, limit, what);
  } finally {
    clearTimeout(timer);
  }
}

async function readWithin(body: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw new ImageError('too-large', `${what} is larger than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** The first bytes of a body, for an error's text; never throws. */
export async function readSome(body: Readable, limit: number): Promise<string> {
  let text = '';
  const timer = setTimeout(() => body.destroy(), SMALL_BODY_DEADLINE);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (text.length >= limit) break;
    }
  } catch {
    // What came before the connection broke is enough.
  }
  clearTimeout(timer);
  body.destroy();
  return text.slice(0, limit);
}
