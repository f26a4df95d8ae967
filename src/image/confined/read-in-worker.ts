import { renderImageManifest } from '#appc';
import { planImageManifest } from '../convert/image-manifest.ts';
import type { Report } from '../context.ts';
import type { ReadAnswer } from '../local/image-files.ts';
import { type LocalResult, readLocal } from '../local/read-local.ts';
import { COPY_FD, FILE_FD, type LocalRequest } from './messages.ts';
import type { Parent } from './parent.ts';

/** What a file of a directory is, as JSON. */
export type WireAnswer = Exclude<ReadAnswer, { bytes: Buffer }> | { readonly text: string };

/** Reads the archive it was given, or a directory's files one by one as it asks for them. */
export function readInWorker(request: LocalRequest, parent: Parent, report: Report): Promise<LocalResult> {
  return readLocal(request, {
    report,
    fd: FILE_FD,
    copyFd: COPY_FD,
    readFile: async (name, limit) => {
      const answer = (await parent.call('read-file', { name, limit })) as WireAnswer;
      return 'text' in answer ? { bytes: Buffer.from(answer.text, 'base64') } : answer;
    },
    importImage: async (image, layers) => {
      for (const { diffId, digest, size, compression, place } of layers) {
        await parent.call('add-layer', { diffId, digest, size, compression, place: place ?? null });
      }
      const manifest = renderImageManifest(planImageManifest(image));
      await parent.call('import-layers', { manifest, layers: layers.map(({ diffId }) => diffId) });
    },
  });
}
