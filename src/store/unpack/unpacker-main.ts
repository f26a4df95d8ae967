import { writeSync } from 'node:fs';
import { messageOf } from '#errors';
import { StoreError } from '../store-error.ts';
import type { ArchiveLimits } from '../tar/limits.ts';
import { TarReader } from '../tar/reader.ts';
import { openDecompressor } from './decompress.ts';
import { checkGrowth, Digesting } from './digesting.ts';
import { Extraction } from './extraction.ts';
import { planPlaces } from './places.ts';
import { type ChildRequest, GROWS_FD, REPORT_FD, type UnpackReport, type UnpackRequest, type UnpackSuccess } from './protocol.ts';
import { readGrowing } from './read-growing.ts';

const STDIN = 0;

/**
 * The unpacking process: writes below the request's root what is in the file that is its standard input. It is started
 * confined, so that it sees little else and may do nothing else. It does one thing after another in one thread: that
 * takes the least time of all, and there are as many unpackers as processors.
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
  const take = (piece: Buffer): void => {
    archive.update(piece);
    checkGrowth(blob.size, archive.size, limits);
    reader.push(piece);
  };
  for (const piece of readGrowing(STDIN, request.grows ? GROWS_FD : undefined)) {
    blob.update(piece);
    decompressor.push(piece, take);
  }
  decompressor.finish(take);
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

function failure(error: unknown): UnpackReport {
  if (error instanceof StoreError) return { ok: false, code: error.code, message: error.message };
  const { code } = error as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return { ok: false, code: 'no-space', message: 'no space left on device' };
  return { ok: false, code: 'unpack-failed', message: messageOf(error) };
}
