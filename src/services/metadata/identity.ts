import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The key that signs for pods. It lives as long as the service: what it signed before is then not verified any more. */
export interface Identity {
  readonly key: Buffer;
}

export function newIdentity(): Identity {
  return { key: randomBytes(64) };
}

/** HMAC-SHA512 over the 16 bytes of the UUID and the content, in base64. */
export function signatureOf(identity: Identity, uuid: string, content: string): string {
  return digest(identity, uuid, content).toString('base64');
}

export function verifies(identity: Identity, uuid: string, content: string, signature: string): boolean {
  const [given, right] = [Buffer.from(signature, 'base64'), digest(identity, uuid, content)];
  return given.length === right.length && timingSafeEqual(given, right);
}

function digest({ key }: Identity, uuid: string, content: string): Buffer {
  return createHmac('sha512', key).update(Buffer.from(uuid.replaceAll('-', ''), 'hex')).update(content).digest();
}
