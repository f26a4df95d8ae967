/** Hex digest of a text or bytes. node:crypto costs milliseconds to load, so it is loaded by the first use. */
export function hashHex(algorithm: 'sha256' | 'sha512', data: string | Buffer): string {
  return process.getBuiltinModule('node:crypto').createHash(algorithm).update(data).digest('hex');
}
