import type { ImageId } from '#appc';
import type { FindOptions, ImageContext } from './context.ts';
import { fetchDocker } from './fetch-docker.ts';
import { fetchName } from './fetch-name.ts';
import { fetchUrl } from './fetch-url.ts';
import { type ImageSource, parseImageSource } from './image-source.ts';

/**
 * The ID of the image an argument names: it is in the store afterwards, and so are the images it depends on.
 *
 * Sources: `sha512-…` (an ID or its beginning), `docker://REF`, a path, `file://`, `http(s)://….aci`,
 * `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`, `-` for standard input, a name.
 *
 * @throws {ImageError}, and errors of the store and of the doors that read names
 */
export async function findImage(text: string, options: FindOptions, ctx: ImageContext): Promise<ImageId> {
  const source = parseImageSource(text);
  if (source.kind === 'hash') {
    const id = ctx.store.resolve(source.text);
    ctx.report.debug(`image: using image from the store with hash ${id}`);
    return id;
  }
  const id = await fetchSource(source, options, ctx);
  if ((ctx.store.get(id)?.manifest.dependencies ?? []).length > 0) {
    const { fetchDependencies } = await import('./fetch-dependencies.ts');
    await fetchDependencies(id, options.pullPolicy, ctx);
  }
  return id;
}

async function fetchSource(
  source: Exclude<ImageSource, { kind: 'hash' }>,
  options: FindOptions,
  ctx: ImageContext,
): Promise<ImageId> {
  switch (source.kind) {
    case 'docker':
      return fetchDocker(source.text, source.reference, options, ctx);
    case 'url':
      return fetchUrl(source.url, options, ctx);
    case 'file':
      return (await import('./fetch-file.ts')).fetchFile(source.path, options.signatureFile, ctx);
    case 'local':
      return (await import('./local/fetch-local.ts')).fetchLocal(source.source, ctx);
    case 'stdin':
      return (await import('./local/fetch-local.ts')).fetchStdin(options, ctx);
    case 'name':
      return fetchName(source, options, ctx);
  }
}
