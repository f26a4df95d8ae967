import { randomBytes } from '#sys';
import { PodError } from './errors.ts';

/** A pod's UUID, RFC 4122 text in lower case, 36 characters. */
export type Uuid = string & { readonly __brand: 'Uuid' };

const PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A whole UUID, in any case. @throws {PodError} `uuid-empty`, `uuid-invalid` */
export function parseUuid(text: string): Uuid {
  if (text === '') throw emptyUuid();
  const lower = text.toLowerCase();
  if (!isUuid(lower)) throw new PodError('uuid-invalid', `invalid UUID ${JSON.stringify(text)}`);
  return lower;
}

export function isUuid(text: string): text is Uuid {
  return PATTERN.test(text);
}

/** A random one, version 4. */
export function newUuid(): Uuid {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const parts = [0, 4, 6, 8, 10].map((start, index, starts) => bytes.toString('hex', start, starts[index + 1] ?? bytes.length));
  return parts.join('-') as Uuid;
}

export function emptyUuid(): PodError {
  return new PodError('uuid-empty', 'UUID cannot be empty', { hint: 'name a pod by its UUID or the start of it: rkt list' });
}
