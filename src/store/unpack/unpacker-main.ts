import { writeSync } from 'node:fs';
import { messageOf } from '#errors';
import { StoreError } from '../store-error.ts';
import type { TarSink } from '../tar/entry.ts';
import type { ArchiveLimits } from '../tar/limits.ts';
import { TarReader } from '../tar/reader.ts';
import { openDecompressor } from './decompress.ts';
import { checkGrowth, Digesting } from './digesting.ts';
import { Extraction } from './extraction.ts';
import { planPlaces } from './places.ts';
import {
  type CheckRequest,
  type ChildRequest,
  GROWS_FD,
  REPORT_FD,
  type UnpackReport,
  type UnpackRequest,
  type UnpackSuccess,
} from './protocol.ts';
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
  const report = await work(request).catch(failure);
  writeSync(REPORT_FD, `${JSON.stringify(report)}\n`);
  return report.ok ? 0 : 1;
}

function work(request: ChildRequest): Promise<UnpackSuccess> {
  switch (request.kind) {
    case 'inspect':
      return inspect(request.limits);
    case 'check':
      return check(request);
    default:
      return unpack(request);
  }
}

/** Loaded only where it is needed: a layer's unpacker starts the sooner. */
async function inspect(limits: ArchiveLimits): Promise<UnpackSuccess> {
  return (await import('../aci/inspect-aci.ts')).inspectAci(limits);
}

async function unpack(request: UnpackRequest): Promise<UnpackSuccess> {
  process.umask(0);
  process.chdir(request.root);
  const { limits } = request;
  const place = planPlaces(request);
  const whiteouts = request.kind === 'layer';
  const extraction = new Extraction({ root: '.', whiteouts, withoutDevices: request.withoutDevices === true, limits, ...(place === undefined ? {} : { place }) });
  const hashes = await read(request, extraction, { whole: request.kind === 'aci' });
  return { ok: true, ...hashes, ...extraction.finish() };
}

async function check(request: CheckRequest): Promise<UnpackSuccess> {
  const nothing = { entry: () => {}, data: () => {}, endEntry: () => {} };
  return { ok: true, ...(await read(request, nothing, { whole: false })), opaqueRoot: false, privileged: [] };
}

type Hashes = Pick<UnpackSuccess, 'blobHex' | 'blobSize' | 'archiveHex' | 'archiveSize'>;

async function read(request: UnpackRequest | CheckRequest, sink: TarSink, ending: { whole: boolean }): Promise<Hashes> {
  const { limits } = request;
  const decompressor = await openDecompressor(request.compression);
  const blob = new Digesting(request.blobHash);
  const archive = new Digesting(request.archiveHash);
  const reader = new TarReader(sink, limits);
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
  reader.finish(ending);
  return { ...hexOf('blobHex', blob), blobSize: blob.size, ...hexOf('archiveHex', archive), archiveSize: archive.size };
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
