import { type ImageId, parseImageManifest, sanitizeAcIdentifier } from '#appc';
import { parseDigest, type Reference } from '#oci';
import type { LayerDigest, LayerInput } from '#store';
import type { ImageContext } from '../context.ts';
import { findCredentials } from '../registry/credentials.ts';
import { badMessage, checkCount, checkObject, checkText } from './messages.ts';
import { type OpenLayer, runWorker } from './run-worker.ts';

const MANIFEST_LIMIT = 8 << 20;
const MOST_LAYERS = 1000;
const COMPRESSIONS: readonly unknown[] = ['none', 'gzip', 'zstd'];

/** As `registry/pull-image.ts`, by a process that can do nothing else; it asks for each thing that goes into the store. */
export async function pullImage(reference: Reference, originalName: string, ctx: ImageContext): Promise<ImageId> {
  let id: ImageId | undefined;
  await runWorker({
    self: ctx.self,
    report: ctx.report,
    request: { kind: 'pull-image', originalName, insecure: ctx.insecure },
    handlers: {
      credentials: () => findCredentials(reference.registry, ctx.config),
      'add-layer': (input, open) => addLayer(checkInput(input), open, ctx),
      'import-layers': (image) => ({ id: (id = importLayers(image, reference, ctx)) }),
    },
  });
  if (id === undefined) throw badMessage();
  return id;
}

async function addLayer(input: LayerInput, open: OpenLayer, ctx: ImageContext): Promise<void> {
  await ctx.store.addLayer(input, async (partial) => {
    if (input.size !== undefined && partial.size > input.size) partial.discard();
    const { discarded, bytes } = await open(partial.size);
    if (discarded) partial.discard();
    return counted(bytes, partial.size, (done) =>
      ctx.report.progress({ kind: 'layer', id: input.digest, done, total: input.size }),
    );
  });
}

/** Progress is what has come: no message need tell it. */
async function* counted(bytes: AsyncIterable<Uint8Array>, from: number, tell: (done: number) => void) {
  let done = from;
  for await (const piece of bytes) {
    done += piece.length;
    tell(done);
    yield piece;
  }
}

function checkInput(value: unknown): LayerInput {
  const { diffId, digest, size, compression } = checkObject(value);
  if (!COMPRESSIONS.includes(compression)) throw badMessage();
  return {
    diffId: checkDigest(diffId),
    digest: checkDigest(digest),
    compression: compression as LayerInput['compression'],
    ...(size === undefined ? {} : { size: checkCount(size) }),
  };
}

function checkDigest(value: unknown): LayerDigest {
  return parseDigest(checkText(value)) as LayerDigest;
}

/** Whatever the worker has become, the image has the name that was asked for. */
function importLayers(value: unknown, reference: Reference, ctx: ImageContext): ImageId {
  const { manifest: text, layers } = checkObject(value);
  const manifest = parseImageManifest(checkText(text, MANIFEST_LIMIT));
  if (manifest.name !== sanitizeAcIdentifier(`${reference.registry}/${reference.repository}`)) throw badMessage();
  if (!Array.isArray(layers) || layers.length > MOST_LAYERS) throw badMessage();
  return ctx.store.importLayers({ manifest, layers: layers.map(checkDigest) }).id;
}
