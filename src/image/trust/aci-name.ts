import { readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type ImageManifest, parseImageManifest } from '#appc';
import { findProgram, startProgram } from '#sys';
import { ImageError } from '../image-error.ts';
import { openBytes } from './open-bytes.ts';

const BLOCK = 512;
const MANIFEST_LIMIT = 8 << 20;

/**
 * An ACI's manifest, found without unpacking the rest, so that the keys trusted for its name
 * can be looked up. Nothing else is checked here: the store does that when it takes the image in.
 * The descriptor stays open and where it is.
 *
 * @throws {ImageError} unsupported-image
 */
export async function readAciManifest(fd: number): Promise<ImageManifest> {
  const stream = await openUncompressed(fd);
  try {
    return parseImageManifest(await findManifest(stream));
  } finally {
    stream.destroy();
  }
}

const MAGIC: readonly (readonly [string, string])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', 'xz'],
  ['425a68', 'bzip2'],
];

async function openUncompressed(fd: number): Promise<Readable> {
  const magic = readMagic(fd);
  const kind = MAGIC.find(([start]) => magic.startsWith(start))?.[1];
  if (kind === undefined) return openBytes(fd);
  if (kind === 'xz' || kind === 'bzip2') return decompressBy(kind, fd);
  const zlib = await import('node:zlib');
  const decompress = kind === 'gzip' ? zlib.createGunzip() : zlib.createZstdDecompress();
  const file = openBytes(fd);
  file.on('error', (error) => decompress.destroy(error));
  decompress.on('close', () => file.destroy());
  return file.pipe(decompress);
}

function readMagic(fd: number): string {
  const magic = Buffer.alloc(6);
  return magic.subarray(0, readSync(fd, magic, 0, magic.length, 0)).toString('hex');
}

function decompressBy(name: string, fd: number): Readable {
  const program = findProgram(name);
  if (program === undefined) {
    throw new ImageError('unsupported-image', `the image is compressed by ${name}, which is not installed`);
  }
  const child = startProgram(program, ['-dc'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [stdin, stdout] = [child.stdin!, child.stdout!];
  const file = openBytes(fd);
  child.on('error', (error) => stdout.destroy(error));
  stdin.on('error', () => {});
  stdout.on('close', () => {
    file.destroy();
    child.kill();
  });
  file.on('error', (error) => stdout.destroy(error));
  file.pipe(stdin);
  return stdout;
}

/** The content of the entry `manifest` of a tar archive. */
async function findManifest(stream: Readable): Promise<string> {
  const bytes = new ByteReader(stream);
  for (;;) {
    const header = await bytes.read(BLOCK);
    if (header === undefined || header.every((byte) => byte === 0)) {
      throw new ImageError('unsupported-image', 'the file is no ACI: it has no image manifest');
    }
    const size = entrySize(header);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if (entryName(header) !== 'manifest') {
      await bytes.skip(padded);
      continue;
    }
    if (size > MANIFEST_LIMIT) throw new ImageError('too-large', `the image manifest is larger than ${MANIFEST_LIMIT} bytes`);
    return ((await bytes.read(padded)) ?? Buffer.alloc(0)).subarray(0, size).toString();
  }
}

function entryName(header: Buffer): string {
  const end = header.indexOf(0);
  return header.toString('latin1', 0, end === -1 || end > 100 ? 100 : end).replace(/^\.\//, '');
}

function entrySize(header: Buffer): number {
  // GNU tar writes sizes from 8 GiB on in base 256, told by the high bit.
  if (header[124]! & 0x80) return Number(header.readBigUInt64BE(128));
  const text = header.toString('latin1', 124, 136).replace(/[\0 ]+$/, '').trim();
  if (!/^[0-7]*$/.test(text)) throw new ImageError('unsupported-image', 'the file is no ACI: it is no tar archive');
  return text === '' ? 0 : parseInt(text, 8);
}

/** Takes a stream apart in pieces of asked sizes. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #left: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Exactly `size` bytes; undefined where the stream ends before. */
  async read(size: number): Promise<Buffer | undefined> {
    const parts = [this.#left];
    for (let have = this.#left.length; have < size; ) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      parts.push(next.value);
      have += next.value.length;
    }
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.#left = all.subarray(size);
    return all.subarray(0, size);
  }

  async skip(size: number): Promise<void> {
    let left = size;
    while (left > this.#left.length) {
      left -= this.#left.length;
      const next = await this.#chunks.next();
      this.#left = next.done === true ? Buffer.alloc(0) : next.value;
      if (next.done === true) return;
    }
    this.#left = this.#left.subarray(left);
  }
}
