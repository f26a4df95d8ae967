import type { ImageId } from '#appc';
import type { Reference } from '#oci';
import type { FillLayer, LayerInput } from '#store';
import type { ImageContext } from '../context.ts';
import { findCredentials } from '../registry/credentials.ts';
import { planPlaces } from '../registry/registry-places.ts';
import { dockerImageName } from '../trust/docker-image-name.ts';
import { writeEvidence } from '../trust/write-evidence.ts';
import { checkImage, checkInput, checkVerified } from './check-image.ts';
import { badMessage } from './messages.ts';
import { runWorker } from './run-worker.ts';
import { watchGrowth } from './watch-growth.ts';

/** Pulls as `../registry/pull-image.ts` does, by a process that asks for each thing that goes into the store. */
export async function pullImage(reference: Reference, originalName: string, ctx: ImageContext): Promise<ImageId> {
  const places = planPlaces(reference, ctx);
  let id: ImageId | undefined;
  const verified = await runWorker({
    self: ctx.self,
    report: ctx.report,
    request: { kind: 'pull-image', originalName, insecure: ctx.insecure, places, keystore: ctx.keystore.dirs },
    handlers: {
      credentials: (registry) => {
        if (!places.some((place) => place.registry === registry)) throw badMessage();
        return findCredentials(registry as string, ctx.config);
      },
      'add-layer': (input, fill) => addLayer(checkInput(input), fill, ctx),
      'import-layers': (image) => void (id = importLayers(image, reference, ctx)),
    },
  });
  if (id === undefined || (verified === null && !ctx.insecure.image)) throw badMessage();
  writeEvidence(ctx.store, id, verified === null ? undefined : checkVerified(verified));
  return id;
}

/** What has come is seen in the file: no message need tell it. */
async function addLayer(input: LayerInput, fill: FillLayer, ctx: ImageContext): Promise<void> {
  await ctx.store.addLayer(input, async (file, signal) => {
    const growth = watchGrowth(input, file.fd, ctx.report);
    try {
      await Promise.race([fill(file, signal), growth.tooLong]);
    } finally {
      growth.stop();
    }
  });
}

/** Whatever the worker has become, the image has the name that was asked for. */
function importLayers(value: unknown, reference: Reference, ctx: ImageContext): ImageId {
  const image = checkImage(value);
  if (image.manifest.name !== dockerImageName(reference)) throw badMessage();
  return ctx.store.importLayers(image).id;
}
