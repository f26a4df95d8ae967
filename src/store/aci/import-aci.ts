import { closeSync, fsyncSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageId, ImageManifest } from '#appc';
import { syncDirectory } from '#sys';
import type { StoreContext } from '../context.ts';
import { imageIdOfHex } from '../image-id.ts';
import { getImage, importTimeNow, lockImage, touchImage, writeImageRecord, writeManifestText } from '../image-records.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { TarReader } from '../tar/reader.ts';
import { makeTemporaryDirectory } from '../temporary.ts';
import type { StoredImage } from '../types.ts';
import { AciInspection } from './aci-inspection.ts';

interface ReadAci {
  readonly id: ImageId;
  readonly text: string;
  readonly manifest: ImageManifest;
  readonly size: number;
}

/**
 * See {@link Store.importAci}. The blob is durable before it gets its name, and the record comes last: what has a
 * record is whole.
 */
export async function importAci(context: StoreContext, path: string): Promise<StoredImage> {
  const { layout } = context;
  using temporary = makeTemporaryDirectory(layout, 'aci');
  const blob = join(temporary.path, 'blob');
  const aci = await readAci(context, path, blob);
  using _lock = lockImage(layout, aci.id);
  const held = getImage(layout, aci.id);
  if (held !== undefined) {
    touchImage(layout, aci.id);
    return getImage(layout, aci.id) ?? held;
  }
  makeStoreDirectory(layout.root, dirname(layout.blob(aci.id)));
  renameSync(blob, layout.blob(aci.id));
  syncDirectory(dirname(layout.blob(aci.id)));
  writeManifestText(layout, aci.id, aci.text);
  writeImageRecord(layout, {
    id: aci.id,
    kind: 'aci',
    name: aci.manifest.name,
    labels: aci.manifest.labels ?? [],
    importTime: importTimeNow(),
    size: aci.size,
  });
  return getImage(layout, aci.id)!;
}

/** Copies an ACI uncompressed, and checks it on the way. */
async function readAci(context: StoreContext, path: string, copy: string): Promise<ReadAci> {
  // Both are dear to load and not needed to run an image that is held.
  const { Digesting, checkGrowth } = await import('../unpack/digesting.ts');
  const { readUncompressed } = await import('./compression.ts');
  const { limits } = context;
  const inspection = new AciInspection(limits);
  const reader = new TarReader(inspection, limits);
  const digesting = new Digesting('sha512');
  const compressedSize = statSync(path).size;
  const fd = openSync(copy, 'wx', FILE_MODE);
  try {
    for await (const piece of readUncompressed(path)) {
      digesting.update(piece);
      checkGrowth(compressedSize, digesting.size, limits);
      reader.push(piece);
      writeWhole(fd, piece);
    }
    reader.finish({ whole: true });
    const inspected = inspection.finish();
    fsyncSync(fd);
    return { id: imageIdOfHex(digesting.hex()!), size: digesting.size, ...inspected };
  } catch (error) {
    throw asNoSpace(error);
  } finally {
    closeSync(fd);
  }
}

function writeWhole(fd: number, piece: Buffer): void {
  for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
}

function asNoSpace(error: unknown): unknown {
  const { code } = error as { code?: string };
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  const hint = 'free some space, with "rkt gc" and "rkt image gc" say, and try again';
  return new StoreError('no-space', 'cannot import the image: no space left on device', { hint, cause: error });
}
