import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageId } from '#appc';
import { type Digest, MAXIMUM_MANIFEST_BYTES } from '#oci';
import { type ArchivedFile, type LayerInput, loadArchives } from '#store';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { blobName } from '../local/local-image.ts';
import type { LocalForm } from '../local/local-source.ts';
import { openRegularFile } from '../open-regular-file.ts';
import { writeEvidence } from '../trust/write-evidence.ts';
import { checkImage, checkInput, checkVerified } from './check-image.ts';
import { openLayoutFile, readLayoutFile, streamPart } from './local-files.ts';
import { badMessage, checkCount, checkObject, checkText, type LocalRequest } from './messages.ts';
import type { WireAnswer } from './read-in-worker.ts';
import { type CallHandlers, runWorker } from './run-worker.ts';

export interface LocalInput {
  /** Undefined: to be recognised by its content. */
  readonly form: LocalForm | undefined;
  /** A directory for `oci`, else a file. */
  readonly path: string;
  /** What it is called: in messages, and where it has no name of its own. */
  readonly calledBy: { readonly description: string; readonly path: string };
  /** What the image is called in there. */
  readonly name: string | undefined;
}

/** Names of a layout's files: nothing else of a directory is read. */
const LAYOUT_FILE = /^(?:oci-layout|index\.json|blobs\/(?:sha256\/[0-9a-f]{64}|sha512\/[0-9a-f]{128}))$/;

/**
 * Takes in an image of this machine as `../local/read-local.ts` reads it: by a process that has but the open archive,
 * or asks for the small files of a directory one by one. It sees none of the layers, which go from their file to the
 * process that unpacks them.
 *
 * @returns undefined where it is an ACI
 */
export async function importLocal(input: LocalInput, ctx: ImageContext): Promise<ImageId | undefined> {
  if (input.form === 'oci') return runReader(input, { compression: 'none' }, directoryLayers(input.path), ctx);
  const { detectCompression } = await loadArchives();
  using scratch = ctx.store.scratch();
  const fd = openRegularFile(input.path);
  const copyFd = openSync(join(scratch.path, 'archive'), 'wx+', 0o600);
  try {
    const compression = detectCompression(fd);
    return await runReader(input, { compression, fd, copyFd }, archiveLayers(compression === 'none' ? fd : copyFd), ctx);
  } finally {
    closeSync(fd);
    closeSync(copyFd);
  }
}

interface Opened {
  readonly compression: LocalRequest['compression'];
  readonly fd?: number;
  readonly copyFd?: number;
}

/** A layer's file and where its bytes are in it. */
interface LayerFile extends Disposable {
  readonly fd: number;
  readonly part: ArchivedFile;
}
type OpenLayerFile = (digest: Digest, place: unknown) => LayerFile;

async function runReader(
  { form, path, calledBy, name }: LocalInput,
  { compression, fd, copyFd }: Opened,
  openLayer: OpenLayerFile,
  ctx: ImageContext,
): Promise<ImageId | undefined> {
  let id: ImageId | undefined;
  const handlers: CallHandlers = {
    'add-layer': (layer) => addLayer(checkInput(layer), openLayer, checkObject(layer)['place'], ctx),
    'import-layers': (image) => void (id = ctx.store.importLayers(checkImage(image)).id),
    ...(form === 'oci' ? { 'read-file': (asked) => readFile(path, checkObject(asked)) } : {}),
  };
  const value = await runWorker({
    self: ctx.self,
    report: ctx.report,
    fd,
    copyFd,
    request: {
      kind: 'read-local',
      ...calledBy,
      ...(form === undefined ? {} : { form }),
      ...(name === undefined ? {} : { name }),
      compression,
      insecure: ctx.insecure,
      keystore: ctx.keystore.dirs,
    },
    handlers,
  });
  const result = checkObject(value);
  if (form === undefined && result['form'] === 'aci') return undefined;
  if (id === undefined || (result['verified'] === null && !ctx.insecure.image)) throw badMessage();
  writeEvidence(ctx.store, id, result['verified'] === null ? undefined : checkVerified(result['verified']));
  return id;
}

function readFile(directory: string, { name, limit }: Record<string, unknown>): WireAnswer {
  const checked = checkText(name);
  if (!LAYOUT_FILE.test(checked)) throw badMessage();
  const answer = readLayoutFile(directory, checked, Math.min(checkCount(limit), MAXIMUM_MANIFEST_BYTES));
  return 'bytes' in answer ? { text: answer.bytes.toString('base64') } : answer;
}

function directoryLayers(directory: string): OpenLayerFile {
  return (digest) => {
    const fd = openLayoutFile(directory, blobName(digest));
    if (typeof fd !== 'number') throw new ImageError(fd.code, `${directory}: ${blobName(digest)} ${fd.problem}`);
    return { fd, part: { position: 0, size: fstatSync(fd).size }, [Symbol.dispose]: () => closeSync(fd) };
  };
}

function archiveLayers(fd: number): OpenLayerFile {
  return (_, place) => {
    const { position, size } = checkObject(place);
    return { fd, part: { position: checkCount(position), size: checkCount(size) }, [Symbol.dispose]: () => {} };
  };
}

async function addLayer(input: LayerInput, openLayer: OpenLayerFile, place: unknown, ctx: ImageContext): Promise<void> {
  if (ctx.store.hasLayer(input.diffId)) return;
  const { digest, size } = input;
  using file = openLayer(digest as Digest, place);
  const { size: total } = file.part;
  if (total !== size) throw new ImageError('digest-mismatch', `blob ${digest} has ${total} bytes, not ${size}`);
  const onBytes = (done: number): void => ctx.report.progress({ kind: 'layer', id: digest, done, total });
  await ctx.store.addLayer(input, streamPart(file.fd, file.part, onBytes));
}
