import { closeSync, openSync, readSync } from 'node:fs';

/** Random bytes from the kernel (random(4)). For this alone node:crypto, 8 ms to load, is not needed. */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const fd = openSync('/dev/urandom', 'r');
  try {
    for (let at = 0; at < count; ) at += readSync(fd, bytes, at, count - at, null);
  } finally {
    closeSync(fd);
  }
  return bytes;
}
