import type { Readable } from 'node:stream';
import { ImageError } from '../image-error.ts';

/** All of a body that must be small. @throws {ImageError} too-large naming `what` */
export async function readBody(body: Readable, limit: number, what: string): Promise<Buffer> {
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
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (text.length >= limit) break;
    }
  } catch {
    // What came before the connection broke is enough.
  }
  body.destroy();
  return text.slice(0, limit);
}
