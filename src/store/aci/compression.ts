import { createReadStream, read, readSync } from 'node:fs';
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
 * An open file's content from its beginning, uncompressed. gzip and zstd are Node's own, bzip2 and xz are the system's
 * programs. The descriptor must be at position 0, and stays the caller's to close.
 *
 * @throws {StoreError} `unsupported-compression` where the program is not installed
 */
export async function* readUncompressed(fd: number): AsyncGenerator<Buffer> {
  const compression = detectCompression(fd);
  if (compression === 'bzip2' || compression === 'xz') yield* throughProgram(compression, fd);
  else yield* throughZlib(compression, fd);
}

async function* throughZlib(compression: 'none' | 'gzip' | 'zstd', fd: number): AsyncGenerator<Buffer> {
  // A stream that is destroyed closes its descriptor, whatever `autoClose` says.
  const close = (_fd: number, done?: (error: null) => void): void => done?.(null);
  const file = createReadStream('', { fd, autoClose: false, highWaterMark: READ_SIZE, fs: { read, close } as never });
  const decompressor = await openDecompressor(compression);
  if (decompressor === undefined) return yield* file as AsyncIterable<Buffer>;
  file.on('error', (error) => decompressor.destroy(error));
  try {
    yield* file.pipe(decompressor) as AsyncIterable<Buffer>;
  } catch (error) {
    throw damaged(error as Error);
  } finally {
    file.destroy();
    decompressor.destroy();
  }
}

async function* throughProgram(name: 'bzip2' | 'xz', fd: number): AsyncGenerator<Buffer> {
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
    yield* child.stdout! as AsyncIterable<Buffer>;
    if ((await status) !== 0) throw damaged(new Error(`${name} refused it`));
  } finally {
    child.kill('SIGKILL');
  }
}

function damaged(error: Error): Error {
  const isZlib = (error as { code?: string }).code?.startsWith('E') !== true;
  return isZlib || error instanceof StoreError
    ? new StoreError('hostile-archive', `the archive cannot be decompressed: ${error.message}`, { cause: error })
    : error;
}
