import type { Readable } from 'node:stream';
import { startProgram } from '#sys';
import { StoreError } from '../store-error.ts';
import { PACK_COMMAND, type PackRequest } from './protocol.ts';

const STDERR_KEPT = 4096;

/**
 * An archive of files, from a process that makes it while it is read. Deterministic: the same files give the same bytes.
 *
 * @throws {StoreError} `pack-failed` while it is read
 */
export async function* startPacker(request: PackRequest): AsyncGenerator<Buffer> {
  const { self } = request;
  const child = startProgram(self.path, [...self.args, PACK_COMMAND], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  // One that ends early is told of by its status, not by EPIPE.
  child.stdin!.on('error', () => {}).end(JSON.stringify(request));
  const complaint = gather(child.stderr!);
  const status = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  try {
    yield* child.stdout! as AsyncIterable<Buffer>;
    if ((await status) !== 0) {
      throw new StoreError('pack-failed', `cannot pack the files: ${(await complaint) || 'the packer was ended'}`);
    }
  } finally {
    child.kill('SIGKILL');
    await status;
  }
}

async function gather(stream: Readable): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) if (text.length < STDERR_KEPT) text += piece;
  return text.trim();
}
