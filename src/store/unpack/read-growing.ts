import { readSync } from 'node:fs';

const CHUNK = 1 << 17;
const TIDINGS = 1 << 12;

/**
 * A file's bytes from the first, while another process appends to it, in pieces that are lent till the next. Who
 * appends then writes a byte into a pipe; when the pipe ends, all is there, as where there is none.
 */
export function* readGrowing(file: number, pipe: number | undefined): Generator<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  const tidings = Buffer.allocUnsafeSlow(TIDINGS);
  for (let at = 0, ended = pipe === undefined; ; ) {
    const length = readSync(file, chunk, 0, CHUNK, at);
    at += length;
    if (length > 0) yield chunk.subarray(0, length);
    else if (ended) return;
    else ended = readSync(pipe!, tidings, 0, TIDINGS, null) === 0;
  }
}
