import { fstatSync } from 'node:fs';
import { writeWhole } from '#sys';
import type { ArchiveLimits } from '../tar/limits.ts';
import { TarReader } from '../tar/reader.ts';
import { checkGrowth, Digesting } from '../unpack/digesting.ts';
import { COPY_FD, type UnpackSuccess } from '../unpack/protocol.ts';
import { AciInspection } from './aci-inspection.ts';
import { readUncompressed } from './compression.ts';

const STDIN = 0;

/**
 * Copies the ACI that is this process's standard input, a file, to descriptor `COPY_FD` uncompressed, and checks it
 * on the way. Runs in a process of its own that may do nothing but this.
 */
export async function inspectAci(limits: ArchiveLimits): Promise<UnpackSuccess> {
  const inspection = new AciInspection(limits);
  const reader = new TarReader(inspection, limits);
  const digesting = new Digesting('sha512');
  const blobSize = fstatSync(STDIN).size;
  await readUncompressed(STDIN, (piece) => {
    digesting.update(piece);
    checkGrowth(blobSize, digesting.size, limits);
    reader.push(piece);
    writeWhole(COPY_FD, piece);
  });
  reader.finish({ whole: true });
  const { text } = inspection.finish();
  return {
    ok: true,
    blobSize,
    archiveHex: digesting.hex()!,
    archiveSize: digesting.size,
    opaqueRoot: false,
    privileged: [],
    manifestText: text,
  };
}
