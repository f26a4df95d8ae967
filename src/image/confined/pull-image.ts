import { type ImageId, parseImageManifest } from '#appc';
import { parseDigest, type Reference } from '#oci';
import type { LayerDigest, LayerInput } from '#store';
import type { ImageContext } from '../context.ts';
import { findCredentials } from '../registry/credentials.ts';
import { planPlaces } from '../registry/registry-places.ts';
import { dockerImageName } from '../trust/docker-image-name.ts';
import type { SignatureRecord } from '../trust/evidence.ts';
import { parseKeyFileName } from '../trust/key-files.ts';
import { type Verified, writeEvidence } from '../trust/write-evidence.ts';
import { badMessage, checkCount, checkObject, checkText, printable } from './messages.ts';
import { type OpenLayer, runWorker } from './run-worker.ts';

const MANIFEST_LIMIT = 8 << 20;
const MOST_LAYERS = 1000;
const COMPRESSIONS: readonly unknown[] = ['none', 'gzip', 'zstd'];

/** Pulls as `../registry/pull-image.ts` does, by a process that asks for each thing that goes into the store. */
export async function pullImage(reference: Reference, originalName: string, ctx: ImageContext): Promise<ImageId> {
  const places = planPlaces(reference, ctx);
  let id: ImageId | undefined;
  const verified = await runWorker({
    self: ctx.self,
    report: ctx.report,
    request: { kind: 'pull-image', originalName, insecure: ctx.insecure, places, keystore: ctx.config.dirs },
    handlers: {
      credentials: (registry) => {
        if (!places.some((place) => place.registry === registry)) throw badMessage();
        return findCredentials(registry as string, ctx.config);
      },
      'add-layer': (input, open) => addLayer(checkInput(input), open, ctx),
      'import-layers': (image) => void (id = importLayers(image, reference, ctx)),
    },
  });
  if (id === undefined || (verified === null && !ctx.insecure.image)) throw badMessage();
  writeEvidence(ctx.store, id, verified === null ? undefined : checkVerified(verified));
  return id;
}

/** The signatures themselves are judged again by whoever runs the image. */
function checkVerified(value: unknown): Verified {
  const { signatures, docker } = checkObject(value);
  const { manifest, indexes } = checkObject(docker);
  if (!Array.isArray(signatures) || signatures.length === 0 || !Array.isArray(indexes)) throw badMessage();
  return {
    signatures: signatures.map((signature) => checkRecord(checkObject(signature))),
    docker: { manifest: parseDigest(checkText(manifest)), indexes: indexes.map((index) => checkText(index, MANIFEST_LIMIT)) },
  };
}

function checkRecord(record: Record<string, unknown>): SignatureRecord {
  const { fingerprint, keyFile, kind, keyHash, signer, over } = record;
  const named = parseKeyFileName(checkText(keyFile));
  if (named === undefined || named.kind !== kind || named.fingerprint !== fingerprint) throw badMessage();
  return { ...record, keyHash: checkText(keyHash), signer: printable(checkText(signer)), over: checkText(over) } as SignatureRecord;
}

async function addLayer(input: LayerInput, open: OpenLayer, ctx: ImageContext): Promise<void> {
  await ctx.store.addLayer(input, async (partial) => {
    if (input.size !== undefined && partial.size > input.size) partial.discard();
    const { discarded, bytes } = await open(partial.size);
    if (discarded) partial.discard();
    // What has come is counted here: no message need tell it.
    let done = partial.size;
    bytes.onReceive = (length) =>
      ctx.report.progress({ kind: 'layer', id: input.digest, done: (done += length), total: input.size });
    return bytes;
  });
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
  if (manifest.name !== dockerImageName(reference)) throw badMessage();
  if (!Array.isArray(layers) || layers.length > MOST_LAYERS) throw badMessage();
  return ctx.store.importLayers({ manifest, layers: layers.map(checkDigest) }).id;
}
