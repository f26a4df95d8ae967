import type { Dependency, ImageId } from '#appc';
import type { ImageContext, PullPolicy } from './context.ts';
import { DEPENDENCY_LIMIT } from './discovery/limits.ts';
import { fetchName, findHeld, type NameRequest, withDefaults } from './fetch-name.ts';
import { ImageError } from './image-error.ts';

/**
 * Brings what an image depends on into the store, and what that depends on. Breadth first; an image named twice is
 * fetched once, and so a circle ends.
 *
 * @throws {ImageError} other-image where a dependency is not the image whose ID the manifest gives
 */
export async function fetchDependencies(root: ImageId, pullPolicy: PullPolicy, ctx: ImageContext): Promise<void> {
  const images = new Set([root]);
  const asked = new Map<string, ImageId>();
  for (const id of images) {
    for (const dependency of ctx.store.get(id)?.manifest.dependencies ?? []) {
      const { imageName: name, labels = [], imageID } = dependency;
      const text = [name, ...labels.map((label) => `${label.name}=${label.value}`)].join(',');
      const key = `${text} ${imageID ?? ''}`;
      const found = asked.get(key) ?? (await fetchDependency({ text, name, labels }, dependency, pullPolicy, ctx));
      asked.set(key, found);
      images.add(found);
      if (images.size > DEPENDENCY_LIMIT) throw new ImageError('too-large', `image ${root} depends on more than ${DEPENDENCY_LIMIT} images`);
    }
  }
}

async function fetchDependency(
  request: NameRequest,
  { imageID }: Dependency,
  pullPolicy: PullPolicy,
  ctx: ImageContext,
): Promise<ImageId> {
  if (imageID === undefined) return fetchOrHeld(request, pullPolicy, ctx);
  // An ID says which image it is, whatever there is by now under the name.
  const held = resolveHeld(imageID, ctx);
  if (held !== undefined && ctx.store.get(held)?.manifest.name === request.name) {
    ctx.report.debug(`image: using image from the store with hash ${held}`);
    return held;
  }
  const found = await fetchName(request, { pullPolicy: pullPolicy === 'new' ? 'update' : pullPolicy }, ctx);
  if (found.startsWith(imageID) || imageID.startsWith(found)) return found;
  throw new ImageError('other-image', `dependency "${request.text}" has image ID "${found}", and not "${imageID}" as it should`);
}

function resolveHeld(imageID: string, { store }: ImageContext): ImageId | undefined {
  try {
    return store.resolve(imageID);
  } catch {
    return undefined;
  }
}

/** With policy `update` a dependency that cannot be discovered, as of images that were built here, may be one we hold. */
async function fetchOrHeld(request: NameRequest, pullPolicy: PullPolicy, ctx: ImageContext): Promise<ImageId> {
  try {
    return await fetchName(request, { pullPolicy }, ctx);
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'no-discovery') throw error;
    const held = findHeld(request, withDefaults(request.labels), ctx);
    if (held === undefined) throw error;
    ctx.report.info(`image: warning: ${error.message}; using the image of that name from the store`);
    return held;
  }
}
