import { type ImageId, type Label, parseAcIdentifier } from '#appc';
import type { ImageRecord } from './image-records.ts';
import type { TreeRecord } from './tree/tree-records.ts';
import type { LayerDigest, RemoteRecord } from './types.ts';

/**
 * The texts of the index. Members of group `rkt` may write them, and root makes paths of what is in them: what has
 * not the form that the store writes is no record, as where there is none.
 */

const IMAGE_ID = /^sha512-[0-9a-f]{64}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const TREE_ID = /^(?:deps|layers)-sha512-[0-9a-f]{64}$/;
/** Nanoseconds since the epoch. */
const TIME = /^\d{1,20}$/;

export function isImageId(value: unknown): value is ImageId {
  return typeof value === 'string' && IMAGE_ID.test(value);
}

export function isLayerDigest(value: unknown): value is LayerDigest {
  return typeof value === 'string' && DIGEST.test(value);
}

export function isTreeId(value: unknown): value is string {
  return typeof value === 'string' && TREE_ID.test(value);
}

/** A number of bytes. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The record of that image; undefined also for one that says to be of another. */
export function parseImageRecord(text: string, id: ImageId): ImageRecord | undefined {
  const json = objectIn(text);
  if (json === undefined || json['id'] !== id) return undefined;
  const { kind, name, labels, importTime, size } = json;
  if (!isIdentifier(name) || !isList(labels, isLabel) || !isTime(importTime) || !isCount(size)) return undefined;
  const named = { id, name, labels, importTime: BigInt(importTime), size };
  if (kind === 'layers') return layersIn(json, { ...named, kind });
  return kind === 'aci' && json['layers'] === undefined ? { ...named, kind } : undefined;
}

function layersIn({ layers, layerSizes, treeId }: Json, named: ImageRecord): ImageRecord | undefined {
  if (!isList(layers, isLayerDigest) || !isOptional(layerSizes, (value) => isList(value, isCount))) return undefined;
  if (!isOptional(treeId, isTreeId)) return undefined;
  return { ...named, layers, ...present({ layerSizes, treeId }) } as ImageRecord;
}

export function parseTreeRecord(text: string): TreeRecord | undefined {
  const { layers, size } = objectIn(text) ?? { layers: null };
  const valid = isOptional(layers, (value) => isList(value, isLayerDigest)) && isOptional(size, isCount);
  return valid ? (present({ layers, size }) as TreeRecord) : undefined;
}

export function parseRemoteRecord(text: string): RemoteRecord | undefined {
  const { url, etag, maxAge, downloadTime, blobKey, signatureUrl } = objectIn(text) ?? {};
  if (typeof url !== 'string' || !isImageId(blobKey) || !isTime(downloadTime)) return undefined;
  if (!isOptional(etag, isText) || !isOptional(signatureUrl, isText) || !isOptional(maxAge, Number.isFinite)) return undefined;
  return { url, blobKey, downloadTime: BigInt(downloadTime), ...present({ etag, maxAge, signatureUrl }) } as RemoteRecord;
}

type Json = Readonly<Record<string, unknown>>;

function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function isIdentifier(value: unknown): value is ImageRecord['name'] {
  try {
    return typeof value === 'string' && parseAcIdentifier(value) === value;
  } catch {
    return false;
  }
}

function isLabel(value: unknown): value is Label {
  const { name, value: text } = (value ?? {}) as Partial<Record<keyof Label, unknown>>;
  return isIdentifier(name) && typeof text === 'string';
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && TIME.test(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isList<T>(value: unknown, is: (element: unknown) => element is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}

function present(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
