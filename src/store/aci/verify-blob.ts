import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ImageId } from '#appc';
import type { StoreContext } from '../context.ts';
import { imageIdOfHex } from '../image-id.ts';
import { readImageRecord, readManifestText } from '../image-records.ts';
import { checkLayers } from '../layer/check-layers.ts';
import { StoreError } from '../store-error.ts';
import { TarReader } from '../tar/reader.ts';
import { AciInspection } from './aci-inspection.ts';

/** See {@link Store.verifyBlob}. An ACI is read to its end. */
export async function verifyBlob(context: StoreContext, id: ImageId): Promise<void> {
  const { layout } = context;
  checkLayers(layout, id);
  const text = await hashBlob(context, id, readImageRecord(layout, id)!.layers === undefined);
  if (text !== undefined && text !== readManifestText(layout, id)) throw damaged(id, 'its manifest is not the one in its archive');
}

/** @returns the manifest in an ACI */
async function hashBlob(context: StoreContext, id: ImageId, isAci: boolean): Promise<string | undefined> {
  const hash = createHash('sha512');
  const inspection = new AciInspection(context.limits);
  const reader = new TarReader(inspection, context.limits);
  let broken: unknown;
  try {
    for await (const piece of createReadStream(context.layout.blob(id), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(piece);
      if (!isAci || broken !== undefined) continue;
      try {
        reader.push(piece);
      } catch (error) {
        broken = error;
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw damaged(id, 'its archive is gone');
  }
  if (imageIdOfHex(hash.digest('hex')) !== id) throw damaged(id, 'its content does not have that ID');
  if (broken !== undefined) throw broken;
  return isAci ? inspection.finish().text : undefined;
}

function damaged(id: ImageId, problem: string): StoreError {
  return new StoreError('image-damaged', `image ${id} is damaged: ${problem}`, {
    hint: `remove it and fetch it again: rkt image rm ${id}`,
  });
}
