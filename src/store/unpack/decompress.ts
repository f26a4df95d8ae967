import type { Transform } from 'node:stream';
import type { Compression } from './protocol.ts';

/** Node's default of 16 KiB makes inflating nearly twice as dear. */
const CHUNK = 1 << 18;

/** A stream that undoes a compression; undefined for `none`. node:zlib is loaded by the first that needs it. */
export async function openDecompressor(compression: Compression): Promise<Transform | undefined> {
  if (compression === 'none') return undefined;
  const zlib = await import('node:zlib');
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: CHUNK });
  return zlib.createZstdDecompress({ chunkSize: CHUNK });
}
