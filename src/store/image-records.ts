import { existsSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AcIdentifier, type ImageId, type ImageManifest, type Label, parseImageManifest } from '#appc';
import { listDirectory, type Lock, readTextIfExists, unlessMissing, writeFileAtomic } from '#sys';
import { isImageId, isTreeId, parseImageRecord } from './index-texts.ts';
import type { CasLayout } from './layout.ts';
import { lockNow } from './locks.ts';
import { FILE_MODE, makeStoreDirectory } from './modes.ts';
import { planRecords } from './rebuild-index.ts';
import { StoreError } from './store-error.ts';
import { readTreeSize, writeTreeRecord } from './tree/tree-records.ts';
import type { LayerDigest, StoredImage } from './types.ts';

/** What the index says of an image: cas/db/image/<id>.json, written once. Its mtime is the time of last use. */
export interface ImageRecord {
  readonly id: ImageId;
  readonly kind: 'aci' | 'layers';
  readonly name: AcIdentifier;
  readonly labels: readonly Label[];
  /** Nanoseconds since the epoch. */
  readonly importTime: bigint;
  /** Bytes of the ACI, or of the layers' archives. */
  readonly size: number;
  readonly layers?: readonly LayerDigest[];
  /** Bytes of each layer's archive. */
  readonly layerSizes?: readonly number[];
  /** Of a layered image. */
  readonly treeId?: string;
}

const SUFFIX = '.json';

export function writeImageRecord(layout: CasLayout, record: ImageRecord): void {
  makeStoreDirectory(layout.root, layout.imageRecords);
  const json = { ...record, importTime: String(record.importTime) };
  writeFileAtomic(layout.image(record.id), `${JSON.stringify(json)}\n`, { mode: FILE_MODE, durable: true });
}

/** Undefined where there is none, or none that is whole. */
export function readImageRecord(layout: CasLayout, id: ImageId): (ImageRecord & { lastUsed: bigint }) | undefined {
  const path = layout.image(id);
  return unlessMissing(() => {
    const record = parseImageRecord(readFileSync(path, 'utf8'), id);
    if (record === undefined) return undefined;
    // The kernel's clock for files is coarser than ours: an image is not used before it is imported.
    const { mtimeNs } = statSync(path, { bigint: true });
    return { ...record, lastUsed: mtimeNs > record.importTime ? mtimeNs : record.importTime };
  });
}

export function listImageIds(layout: CasLayout): ImageId[] {
  if (!existsSync(layout.imageRecords) && existsSync(layout.images)) rebuildIndex(layout);
  const names = listDirectory(layout.imageRecords).filter((name) => name.endsWith(SUFFIX));
  return names.map((name) => name.slice(0, -SUFFIX.length)).filter(isImageId);
}

/** One who may only read the store goes without. */
function rebuildIndex(layout: CasLayout): void {
  try {
    makeStoreDirectory(layout.root, layout.imageRecords);
    for (const record of planRecords(layout)) {
      if (record.treeId !== undefined && record.layers !== undefined) writeTreeRecord(layout, record.treeId, { layers: record.layers });
      writeImageRecord(layout, record);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'EACCES' && code !== 'EROFS') throw error;
  }
}

export function getImage(layout: CasLayout, id: ImageId): StoredImage | undefined {
  const record = readImageRecord(layout, id);
  return record === undefined ? undefined : asStoredImage(layout, record);
}

/** In the order of import, then by ID, so that a list is always in the same order. */
export function listImages(layout: CasLayout): StoredImage[] {
  const images = listImageIds(layout).flatMap((id) => getImage(layout, id) ?? []);
  return images.sort((a, b) => Number(a.importTime - b.importTime) || (a.id < b.id ? -1 : 1));
}

function asStoredImage(layout: CasLayout, record: ImageRecord & { lastUsed: bigint }): StoredImage {
  let manifest: ImageManifest | undefined;
  let size: number | undefined;
  const image = {
    id: record.id,
    name: record.name,
    labels: record.labels,
    get manifest(): ImageManifest {
      return (manifest ??= readManifest(layout, record.id));
    },
    importTime: record.importTime,
    lastUsed: record.lastUsed,
    get size(): number {
      return (size ??= record.size + renderedSize(layout, record.id));
    },
    kind: record.kind,
  };
  return record.layers === undefined ? image : Object.assign(image, { layers: record.layers });
}

/** @throws {StoreError} `no-image`; `image-damaged` where the image is held without it */
export function readManifestText(layout: CasLayout, id: ImageId): string {
  const text = unlessMissing(() => readFileSync(layout.manifest(id), 'utf8'));
  if (text !== undefined) return text;
  if (existsSync(layout.image(id))) throw damaged(id, 'its manifest is not in the store');
  throw new StoreError('no-image', `the manifest of image ${JSON.stringify(id)} is not in the store`);
}

function readManifest(layout: CasLayout, id: ImageId): ImageManifest {
  try {
    return parseImageManifest(readManifestText(layout, id));
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw damaged(id, 'its manifest cannot be read', cause);
  }
}

function damaged(id: ImageId, what: string, cause?: unknown): StoreError {
  const hint = `remove it and fetch it again: rkt image rm ${id}`;
  return new StoreError('image-damaged', `image ${JSON.stringify(id)} is damaged: ${what}`, { hint, cause });
}

export function writeManifestText(layout: CasLayout, id: ImageId, text: string): void {
  const path = layout.manifest(id);
  makeStoreDirectory(layout.root, dirname(path));
  writeFileAtomic(path, text, { mode: FILE_MODE, durable: true });
}

/** See {@link Store.readEvidence}. */
export function readEvidence(layout: CasLayout, id: ImageId): string | undefined {
  return readTextIfExists(layout.evidence(id));
}

/** See {@link Store.writeEvidence}. Under the image's lock: one that is removed leaves none behind. */
export function writeEvidence(layout: CasLayout, id: ImageId, text: string): void {
  using _lock = lockImage(layout, id);
  if (readImageRecord(layout, id) === undefined) return;
  const path = layout.evidence(id);
  makeStoreDirectory(layout.root, dirname(path));
  writeFileAtomic(path, text, { mode: FILE_MODE, durable: true });
}

/** See {@link Store.findByName}; the record alone decides, manifests are not read. */
export function findImageByName(
  layout: CasLayout,
  name: AcIdentifier,
  labels: readonly Label[] = [],
): StoredImage | undefined {
  const matching = listImageIds(layout)
    .flatMap((id) => readImageRecord(layout, id) ?? [])
    .filter((record) => record.name === name && hasLabels(record.labels, labels));
  const latest = matching.reduce((a, b) => (a === undefined || b.importTime > a.importTime ? b : a), matching[0]);
  return latest === undefined ? undefined : asStoredImage(layout, latest);
}

function hasLabels(own: readonly Label[], asked: readonly Label[]): boolean {
  return asked.every(({ name, value }) => own.some((label) => label.name === name && label.value === value));
}

/** Notes the use of an image. One who may only read the store uses it unnoticed. */
export function touchImage(layout: CasLayout, id: ImageId): void {
  const now = Date.now() / 1000;
  try {
    utimesSync(layout.image(id), now, now);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EPERM' && code !== 'EACCES' && code !== 'EROFS') throw error;
  }
}

/** The record goes first: from then on there is no such image, whatever else is left for the next attempt. */
export function removeImage(layout: CasLayout, id: ImageId): void {
  using _lock = lockImage(layout, id);
  const paths = [layout.image(id), layout.evidence(id), layout.treeOfImage(id), layout.manifest(id), layout.blob(id), layout.imageUse(id), layout.imageLock(id)];
  for (const path of paths) rmSync(path, { force: true });
}

/** Keeps others from importing or removing an image, which take a moment only. */
export function lockImage(layout: CasLayout, id: ImageId): Lock {
  const path = layout.imageLock(id);
  makeStoreDirectory(layout.root, dirname(path));
  return lockNow(path, 'file', 'exclusive');
}

/** Remembers which tree an ACI was rendered into: its size counts as the image's. */
export function writeTreeOfImage(layout: CasLayout, id: ImageId, treeId: string): void {
  writeFileAtomic(layout.treeOfImage(id), treeId, { mode: FILE_MODE });
}

/** Undefined where it was never rendered, or a crash of the machine cut the note off. */
export function readTreeOfImage(layout: CasLayout, id: ImageId): string | undefined {
  const text = readTextIfExists(layout.treeOfImage(id));
  return isTreeId(text) ? text : undefined;
}

function renderedSize(layout: CasLayout, id: ImageId): number {
  const treeId = readTreeOfImage(layout, id);
  return treeId === undefined ? 0 : (readTreeSize(layout, treeId) ?? 0);
}

/** Now, in nanoseconds since the epoch, to the microsecond: imports have an order. */
export function importTimeNow(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
