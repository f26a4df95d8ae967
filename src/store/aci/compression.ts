import { readSync } from 'node:fs';
import { findProgram, startProgram } from '#sys';
import { StoreError } from '../store-error.ts';
import { openDecompressor } from '../unpack/decompress.ts';

export type AciCompression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

const READ_SIZE = 1 << 20;
const MAGIC: readonly (readonly [AciCompression, Buffer])[] = [
  ['gzip', Buffer.of(0x1f, 0x8b)],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)],
  ['zstd', Buffer.of(0x28, 0xb5, 0x2f, 0xfd)],
];

/** How a file is compressed, by its first bytes; its name says nothing. */
export function detectCompression(fd: number): AciCompression {
  const head = Buffer.alloc(6);
  const length = readSync(fd, head, 0, head.length, 0);
  const found = MAGIC.find(([, magic]) => head.subarray(0, length).indexOf(magic) === 0);
  return found?.[0] ?? 'none';
}

/**
 * An open file's content, uncompressed, in pieces that are lent till the next. gzip and zstd are Node's own, bzip2 and
 * xz are the system's programs. The descriptor must be at position 0, and stays the caller's to close.
 *
 * @throws {StoreError} `unsupported-compression` where the program is not installed
 */
export async function readUncompressed(fd: number, take: (piece: Buffer) => void): Promise<void> {
  const compression = detectCompression(fd);
  if (compression === 'bzip2' || compression === 'xz') return throughProgram(compression, fd, take);
  const decompressor = await openDecompressor(compression);
  for (let buffer = Buffer.allocUnsafeSlow(READ_SIZE), at = 0, got = 0; (got = readSync(fd, buffer, 0, READ_SIZE, at)) > 0; at += got) {
    decompressor.push(buffer.subarray(0, got), take);
    // Whoever else has something to do in this process, a signal to take, say, has a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  decompressor.finish(take);
}

async function throughProgram(name: 'bzip2' | 'xz', fd: number, take: (piece: Buffer) => void): Promise<void> {
  const program = findProgram(name);
  if (program === undefined) {
    throw new StoreError('unsupported-compression', `the archive is compressed by ${name}, which is not installed`, {
      hint: `install ${name}`,
    });
  }
  const child = startProgram(program, ['-dc'], { stdio: [fd, 'pipe', 'inherit'] });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    for await (const piece of child.stdout as AsyncIterable<Buffer>) take(piece);
    if ((await status) !== 0) {
      throw new StoreError('hostile-archive', `the archive cannot be decompressed: ${name} refused it`);
    }
  } finally {
    child.kill('SIGKILL');
  }
}
