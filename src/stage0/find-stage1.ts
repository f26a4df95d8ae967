import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { type ImageId, labelValue, parseImageName } from '#appc';
import type { Stage1Config } from '#config';
import { Stage0Error } from './error.ts';
import { findImages } from './find-images.ts';
import type { EngineParts } from './parts.ts';
import type { Stage1Choice } from './requests.ts';
import { trustedStage1 } from './stage1-image.ts';

export interface FoundStage1 {
  readonly id: ImageId;
  /** It came with rkt, or was put beside it by whoever installed it: who signed it is not asked. */
  readonly isTrusted: boolean;
}

/** The stage1 image that was asked for, else the one that is configured. Fetched and verified as any image where the store lacks it. */
export async function findStage1(parts: EngineParts, choice: Stage1Choice | undefined): Promise<FoundStage1> {
  if (choice !== undefined) return findChosen(parts, choice);
  return findConfigured(parts, parts.config().stage1!);
}

async function findChosen(parts: EngineParts, { kind, location }: Stage1Choice): Promise<FoundStage1> {
  switch (kind) {
    case 'from-dir':
      return findFile(parts, join(parts.config().paths.stage1Images ?? parts.stage1Images, location));
    case 'path':
      return findFile(parts, resolve(location));
    case 'url':
      return findUrl(parts, location);
    case 'hash':
      if (location.startsWith('sha512-')) return find(parts, location);
      throw new Stage0Error('no-stage1', `${JSON.stringify(location)} is not the hash of an image`, { hint: 'it begins with sha512-; see: rkt image list' });
    case 'name':
      return (await findShipped(parts, location)) ?? find(parts, location);
  }
}

/** An image of that name that came with rkt: its file has the last part of the name. */
async function findShipped(parts: EngineParts, text: string): Promise<FoundStage1 | undefined> {
  const { labels, name } = parseImageName(text);
  const file = `${basename(name)}.aci`;
  const path = [parts.defaultStage1, `${parts.stage1Images}/${file}`].find((place) => basename(place) === file && existsSync(place));
  if (path === undefined) return undefined;
  const id = await trustedStage1(parts.store(), path);
  const { manifest } = parts.store().get(id)!;
  const isIt = manifest.name === name && labels.every((label) => labelValue(manifest.labels, label.name) === label.value);
  return isIt ? { id, isTrusted: true } : undefined;
}

async function find(parts: EngineParts, image: string): Promise<FoundStage1> {
  const [id] = await findImages(parts, [{ image }], 'new');
  return { id: id!, isTrusted: false };
}

async function findUrl(parts: EngineParts, url: string): Promise<FoundStage1> {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return find(parts, url);
  throw new Stage0Error('no-stage1', `stage1 image URL ${JSON.stringify(url)} has no scheme`, { hint: 'a file is named by --stage1-path' });
}

/** @param path absolute */
async function findFile(parts: EngineParts, path: string): Promise<FoundStage1> {
  const place = resolve(path);
  if (!isTrusted(parts, place)) return find(parts, place);
  return { id: await trustedStage1(parts.store(), place), isTrusted: true };
}

function isTrusted({ defaultStage1, stage1Images }: EngineParts, path: string): boolean {
  return path === defaultStage1 || path.startsWith(`${stage1Images}/`);
}

/** By name and version where the store has it, else from its location. */
async function findConfigured(parts: EngineParts, { location, name, version }: Stage1Config): Promise<FoundStage1> {
  if (name !== undefined) {
    const wanted = parseImageName(`${name}:${version}`);
    const held = parts.store().findByName(wanted.name, wanted.labels);
    if (held !== undefined) return { id: held.id, isTrusted: false };
  }
  const shipped = name === undefined ? undefined : await findShipped(parts, `${name}:${version}`);
  if (shipped !== undefined) return shipped;
  if (location === undefined) {
    throw new Stage0Error('no-stage1', `the configured stage1 ${name}:${version} is not in the store, and no location is configured for it`, {
      hint: `fetch it first: rkt fetch ${name}:${version}`,
    });
  }
  return isAbsolute(location) ? findConfiguredFile(parts, location) : find(parts, location);
}

/** Where there is no such file, one of that name beside rkt counts, as rkt has it. */
async function findConfiguredFile(parts: EngineParts, location: string): Promise<FoundStage1> {
  const beside = join(dirname(parts.defaultStage1), basename(location));
  if (existsSync(location) || !existsSync(beside)) return findFile(parts, location);
  return { id: await trustedStage1(parts.store(), beside), isTrusted: true };
}
