import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ImageId, type ImageManifest, parseImageManifest } from '#appc';
import { messageOf } from '#errors';
import { syncDirectory } from '#sys';
import { selfOf, type StoreContext } from '../context.ts';
import { imageIdOfHex } from '../image-id.ts';
import { getImage, importTimeNow, lockImage, touchImage, writeImageRecord, writeManifestText } from '../image-records.ts';
import { useImage } from '../image-use.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import { StoreError } from '../store-error.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../temporary.ts';
import type { StoredImage } from '../types.ts';
import { startUnpacker } from '../unpack/start-unpacker.ts';

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
  const aci = await readAci(context, path, blob, temporary);
  useImage(context, aci.id);
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

/** Has an ACI copied uncompressed and checked on the way, by a process that may do nothing else. */
async function readAci(
  context: StoreContext,
  path: string,
  copy: string,
  { lock }: TemporaryDirectory,
): Promise<ReadAci> {
  const { limits } = context;
  const fds = [openSync(path, 'r')];
  try {
    fds.push(openSync(copy, 'wx', FILE_MODE));
    const [inputFd, copyFd] = fds as [number, number];
    const request = { kind: 'inspect', limits } as const;
    const report = await startUnpacker({ self: selfOf(context), request, lockFd: lock.fd, inputFd, copyFd }).report;
    if (!report.ok) throw importError(report.code, report.message);
    const { archiveHex, archiveSize: size, manifestText: text } = report;
    if (archiveHex?.length !== 128 || text === undefined) throw new Error('the inspection of an ACI reported half of it');
    fsyncSync(copyFd);
    return { id: imageIdOfHex(archiveHex), size, text, manifest: parseManifest(text) };
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** What was checked already is parsed again: it comes out of a process that a hostile archive has been through. */
function parseManifest(text: string): ImageManifest {
  try {
    return parseImageManifest(text);
  } catch (error) {
    throw new StoreError('bad-manifest', `bad image manifest: ${messageOf(error)}`, { cause: error });
  }
}

function importError(code: StoreError['code'], message: string): StoreError {
  if (code !== 'no-space') return new StoreError(code, message);
  const hint = 'free some space, with "rkt gc" and "rkt image gc" say, and try again';
  return new StoreError('no-space', 'cannot import the image: no space left on device', { hint });
}
