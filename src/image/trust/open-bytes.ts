import { createReadStream, read, type ReadStream } from 'node:fs';

/** A file from its first byte, by its path or by a descriptor, which stays open and where it is. */
export function openBytes(file: string | number): ReadStream {
  if (typeof file === 'string') return createReadStream(file);
  // A stream that is destroyed closes its descriptor, whatever `autoClose` says.
  const close = (_fd: number, done?: (error: null) => void): void => done?.(null);
  return createReadStream('', { fd: file, start: 0, autoClose: false, fs: { read, close } as never });
}
