import { readSync, writeSync } from 'node:fs';

/** Writes all of the text at once, waiting for a reader that is slow. Throws EPIPE if it has gone. */
export function writeAll(fd: number, text: string | Uint8Array): void {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // A pipe that another process has made non-blocking.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The next line of the descriptor without its end; undefined at the end. Takes no byte beyond the line. */
export function readLine(fd: number): string | undefined {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (readSync(fd, byte) === 1 && byte[0] !== 0x0a) bytes.push(byte[0] ?? 0);
  if (bytes.length === 0 && byte[0] !== 0x0a) return undefined;
  return Buffer.from(bytes).toString('utf8').replace(/\r$/, '');
}
