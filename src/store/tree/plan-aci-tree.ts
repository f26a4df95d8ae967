import { type AcIdentifier, type Dependency, type ImageId, type ImageManifest, parseImageManifest } from '#appc';
import { aciTreeId } from '../image-id.ts';
import { findImageByName, readImageRecord, readManifestText, readTreeOfImage } from '../image-records.ts';
import type { CasLayout } from '../layout.ts';
import { resolveImageId } from '../resolve.ts';
import { StoreError } from '../store-error.ts';

/** One image to be unpacked into a tree, over those before it. */
export interface RenderStep {
  readonly id: ImageId;
  /** The only paths to keep; absent: all. */
  readonly keep?: readonly string[];
}

export interface AciTreePlan {
  readonly treeId: string;
  /** The bottom first: dependencies in their order, each after its own, then the image (appc spec, aci.md). */
  readonly steps: readonly RenderStep[];
}

const DEEPEST = 64;
const MOST_STEPS = 512;

/**
 * What has to be unpacked to render an ACI.
 *
 * @throws {StoreError} `no-image`; `missing-dependency` naming it, also where dependencies go in a circle
 */
export function planAciTree(layout: CasLayout, id: ImageId): AciTreePlan {
  const steps: RenderStep[] = [];
  addSteps(layout, id, undefined, [], steps);
  // An image that depends on none always has the same tree: what is noted of it saves loading a library that hashes.
  const noted = steps.length === 1 ? readTreeOfImage(layout, id) : undefined;
  return { treeId: noted ?? aciTreeId(steps), steps };
}

function addSteps(
  layout: CasLayout,
  id: ImageId,
  outer: readonly string[] | undefined,
  path: readonly ImageId[],
  steps: RenderStep[],
): void {
  if (path.includes(id)) throw new StoreError('missing-dependency', `image ${id} depends on itself`);
  if (path.length > DEEPEST || steps.length > MOST_STEPS) {
    throw new StoreError('missing-dependency', `image ${path[0]} has too many dependencies`);
  }
  const manifest = parseImageManifest(readManifestText(layout, id));
  const keep = narrow(outer, manifest);
  for (const dependency of manifest.dependencies ?? []) {
    addSteps(layout, findDependency(layout, manifest.name, dependency), keep, [...path, id], steps);
  }
  steps.push(keep === undefined ? { id } : { id, keep });
}

/** A whitelist holds for the image it is in and for all below: of two, a path must be in both. */
function narrow(outer: readonly string[] | undefined, manifest: ImageManifest): readonly string[] | undefined {
  const own = manifest.pathWhitelist;
  if (own === undefined || own.length === 0) return outer;
  const clean = own.map((path) => path.split('/').filter((part) => part !== '' && part !== '.').join('/'));
  if (outer === undefined) return clean;
  const allowed = new Set(outer);
  return clean.filter((path) => allowed.has(path));
}

function findDependency(layout: CasLayout, dependent: AcIdentifier, dependency: Dependency): ImageId {
  const found =
    dependency.imageID === undefined
      ? findImageByName(layout, dependency.imageName, dependency.labels)?.id
      : findById(layout, dependency.imageID);
  if (found !== undefined) return found;
  const what = dependency.imageID ?? dependency.imageName;
  throw new StoreError('missing-dependency', `image ${JSON.stringify(dependent)} depends on ${JSON.stringify(what)}, which is not in the store`, {
    hint: 'fetch the image again: its dependencies are fetched with it',
  });
}

function findById(layout: CasLayout, imageId: string): ImageId | undefined {
  try {
    const id = resolveImageId(layout, imageId);
    return readImageRecord(layout, id) === undefined ? undefined : id;
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
