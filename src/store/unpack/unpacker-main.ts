import { writeSync } from 'node:fs';
import type { Readable, Transform } from 'node:stream';
import { messageOf } from '#errors';
import { StoreError } from '../store-error.ts';
import type { ArchiveLimits } from '../tar/limits.ts';
import { TarReader } from '../tar/reader.ts';
import { openDecompressor } from './decompress.ts';
import { checkGrowth, Digesting } from './digesting.ts';
import { Extraction } from './extraction.ts';
import { planPlaces } from './places.ts';
import { type ChildRequest, REPORT_FD, type UnpackReport, type UnpackRequest, type UnpackSuccess } from './protocol.ts';

/**
 * The unpacking process: writes below the request's root what comes on standard input. It is started confined, so that
 * it sees little else and may do nothing else.
 *
 * @param argv one argument, a `ChildRequest` as JSON
 * @returns the exit status: 0 after a report of success, 1 after one of failure, both on descriptor 3
 */
export async function unpackerMain(argv: readonly string[]): Promise<number> {
  const request = JSON.parse(argv[0] ?? '') as ChildRequest;
  const report = await (request.kind === 'inspect' ? inspect(request.limits) : unpack(request)).catch(failure);
  writeSync(REPORT_FD, `${JSON.stringify(report)}\n`);
  return report.ok ? 0 : 1;
}

/** Loaded only where it is needed: a layer's unpacker starts the sooner. */
async function inspect(limits: ArchiveLimits): Promise<UnpackSuccess> {
  return (await import('../aci/inspect-aci.ts')).inspectAci(limits);
}

async function unpack(request: UnpackRequest): Promise<UnpackSuccess> {
  const decompressor = await openDecompressor(request.compression);
  process.umask(0);
  process.chdir(request.root);
  const { limits } = request;
  const blob = new Digesting(request.blobHash);
  const archive = new Digesting(request.archiveHash);
  const place = planPlaces(request);
  const whiteouts = request.kind === 'layer';
  const extraction = new Extraction({ root: '.', whiteouts, limits, ...(place === undefined ? {} : { place }) });
  const reader = new TarReader(extraction, limits);
  await pump(decompressor, blob, (piece) => {
    archive.update(piece);
    checkGrowth(blob.size, archive.size, limits);
    reader.push(piece);
  });
  reader.finish({ whole: request.kind === 'aci' });
  const finished = extraction.finish();
  return {
    ok: true,
    ...hexOf('blobHex', blob),
    blobSize: blob.size,
    ...hexOf('archiveHex', archive),
    archiveSize: archive.size,
    ...finished,
  };
}

function hexOf<Key extends string>(key: Key, digesting: Digesting): Partial<Record<Key, string>> {
  const hex = digesting.hex();
  return hex === undefined ? {} : ({ [key]: hex } as Partial<Record<Key, string>>);
}

/** Standard input through the decompressor into `take`, with back-pressure. Ends when all has been taken. */
async function pump(decompressor: Transform | undefined, blob: Digesting, take: (piece: Buffer) => void): Promise<void> {
  const { stdin } = process;
  if (decompressor === undefined) {
    return eachPiece(stdin, (piece) => {
      blob.update(piece);
      take(piece);
    });
  }
  decompressor.on('drain', () => stdin.resume());
  // A gzip may have padding after its end: it counts for the digest, but is not decompressed.
  decompressor.on('end', () => stdin.resume());
  const fed = eachPiece(stdin, (piece) => {
    blob.update(piece);
    if (!decompressor.readableEnded && !decompressor.write(piece)) stdin.pause();
  }).then(() => void decompressor.end());
  const taken = eachPiece(decompressor, take).catch((error: unknown) => {
    stdin.destroy();
    throw isZlibError(error) ? damaged(error) : error;
  });
  await Promise.all([taken, fed]);
}

/** Settles when a stream has ended, has failed, or its receiver has thrown. A promise for each piece would cost more. */
function eachPiece(stream: Readable, receive: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', (piece: Buffer) => {
      try {
        receive(piece);
      } catch (error) {
        stream.destroy();
        reject(error as Error);
      }
    });
    stream.on('end', resolve);
    stream.on('error', reject);
  });
}

function isZlibError(error: unknown): error is Error {
  return /^(Z_|ZSTD_|ERR_)/.test((error as { code?: string }).code ?? '');
}

function damaged(error: Error): StoreError {
  return new StoreError('hostile-archive', `the archive cannot be decompressed: ${error.message}`);
}

function failure(error: unknown): UnpackReport {
  if (error instanceof StoreError) return { ok: false, code: error.code, message: error.message };
  const { code } = error as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return { ok: false, code: 'no-space', message: 'no space left on device' };
  return { ok: false, code: 'unpack-failed', message: messageOf(error) };
}
