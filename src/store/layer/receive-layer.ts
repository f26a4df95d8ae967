import type { StoreContext } from '../context.ts';
import { StoreError } from '../store-error.ts';
import type { LayerDigest, LayerInput, LayerSource } from '../types.ts';
import type { HashName, UnpackReport, UnpackSuccess } from '../unpack/protocol.ts';
import type { Unpacker } from '../unpack/start-unpacker.ts';
import { fillLayer } from './fill.ts';
import type { GrowingFile, PartialFile } from './partial-file.ts';

/** Starts the process that reads a layer's file as it grows: it unpacks it, or looks at it only. */
export type StartReader = (file: GrowingFile) => Unpacker;

/**
 * Has a layer's file filled and read at the same time, and what was read verified: size, digest and diff ID.
 *
 * The bytes do not pass this process: whoever fills the file may hand over what it likes, and the reader hashes what it reads.
 *
 * @throws what the source throws; {@link StoreError} what is wrong with the layer, whose bytes are then forgotten
 */
export async function receiveLayer(
  context: StoreContext,
  input: LayerInput,
  source: LayerSource,
  partial: PartialFile,
  startReader: StartReader,
): Promise<UnpackSuccess> {
  using file = partial.open();
  const stop = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const filled = fillLayer(input, source, file, stop.signal).catch((error: unknown) => void (failure = { error }));
  try {
    // It is filled already while others unpack.
    const report = await context.withUnpacker(async () => {
      const reader = startReader(file);
      file.handOver();
      void filled.then(() => (failure === undefined ? file.end() : reader.kill()));
      return reader.report;
    });
    if (failure === undefined) return verify(input, report, partial);
    if (failure.error instanceof StoreError) partial.discard();
    throw withoutSpace(failure.error, input, partial);
  } finally {
    stop.abort();
  }
}

export function algorithmOf(digest: LayerDigest): HashName {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** Bytes that were wrong once will be wrong again: they are forgotten, whatever was wrong. */
function verify(input: LayerInput, report: UnpackReport, partial: PartialFile): UnpackSuccess {
  try {
    return verifyReport(input, report);
  } catch (error) {
    if ((error as StoreError).code !== 'unpack-failed') partial.discard();
    throw error;
  }
}

/** What a process found of a layer. @throws {StoreError} where it is not the layer that was asked for */
export function verifyReport(input: LayerInput, report: UnpackReport): UnpackSuccess {
  const problem = problemOf(input, report);
  if (problem !== undefined) throw problem;
  return report as UnpackSuccess;
}

function problemOf(input: LayerInput, report: UnpackReport): StoreError | undefined {
  const name = `layer ${input.digest}`;
  if (!report.ok) return unpackError(name, report);
  if (input.size !== undefined && report.blobSize !== input.size) {
    return new StoreError('size-mismatch', `${name} has ${report.blobSize} bytes, not ${input.size}`);
  }
  if (report.blobHex !== hexOf(input.digest)) {
    return new StoreError('digest-mismatch', `${name} does not have that digest`);
  }
  if (report.archiveHex !== hexOf(input.diffId)) {
    return new StoreError('digest-mismatch', `${name} unpacked does not have the diff ID ${input.diffId}`);
  }
  return undefined;
}

/** The error of an unpacker, as the user of the store sees it; `hint` for what has nothing to do with space. */
export function unpackError(what: string, report: UnpackReport & { ok: false }, hint?: string): StoreError {
  const advice = report.code === 'no-space' ? 'free some space, with "rkt gc" and "rkt image gc" say, and try again' : hint;
  return new StoreError(report.code, `cannot unpack ${what}: ${report.message}`, advice === undefined ? {} : { hint: advice });
}

function withoutSpace(error: unknown, input: LayerInput, partial: PartialFile): unknown {
  const { code } = error as { code?: string };
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  partial.discard();
  return unpackError(`layer ${input.digest}`, { ok: false, code: 'no-space', message: 'no space left on device' });
}

function hexOf(digest: LayerDigest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
