import { type AcName, type ImageManifest, parseImageManifest, renderImageManifest } from '#appc';
import { openPod, type Pod, podFiles } from '#pod';
import { stage1Layout } from '#stage1/abi';
import type { Store } from '#store';
import { Stage0Error } from './error.ts';
import { writePieces } from './image-export.ts';
import { writeOutputFile } from './output.ts';
import { treeOf } from './overlay.ts';
import type { EngineParts } from './parts.ts';
import type { PodExportRequest } from './requests.ts';

/**
 * `rkt export`: an app's files as it left them, as an image that runs on its own.
 *
 * Owners are those the app saw. The archive is compressed by gzip, as rkt's was.
 *
 * @throws {Stage0Error} pod-not-exited, no-such-app, which-app, output-exists
 */
export async function exportPod(parts: EngineParts, request: PodExportRequest): Promise<void> {
  using pod = openPod(parts.dataDir, request.pod);
  checkExited(pod);
  const app = chooseApp(pod, request.app);
  const store = parts.store();
  const users = pod.privateUsers();
  const archive = store.pack(
    { directories: directoriesOf(pod, store, app) },
    {
      name: 'rootfs',
      first: { name: 'manifest', text: renderImageManifest(planManifest(pod, app)) },
      ...(users === undefined ? {} : { users }),
    },
  );
  await writeOutputFile(request.output, { overwrite: request.overwrite, exists: 'target file exists (try --overwrite)' }, async (fd) => {
    await writePieces(fd, await gzip(archive));
    // What was collected meanwhile was not packed whole.
    pod.refresh();
    checkExited(pod);
  });
}

function checkExited(pod: Pod): void {
  if (!pod.isGone && (pod.state === 'exited' || pod.state === 'exited garbage')) return;
  throw new Stage0Error('pod-not-exited', 'pod is not exited. Only exited pods can be exported');
}

function chooseApp(pod: Pod, asked: AcName | undefined): AcName {
  const names = pod.manifest().apps.map(({ name }) => name);
  if (asked !== undefined) {
    if (names.includes(asked)) return asked;
    throw new Stage0Error('no-such-app', `unable to find app: app ${asked} is not present in pod`, { hint: `its apps: ${names.join(', ')}` });
  }
  if (names.length === 1) return names[0]!;
  const list = ['pod contains multiple apps:', ...names.map((name) => `\t${name}`)].join('\n');
  throw new Stage0Error('which-app', 'unable to find app: specify app using "rkt export --app= ..."', { hint: list });
}

/** Those that were laid over each other while the app ran, the app's own changes on top. */
function directoriesOf(pod: Pod, store: Store, app: AcName): string[] {
  if (!pod.usesOverlay()) return [`${pod.path}/${stage1Layout.appRootfs(app)}`];
  const { id, lowerDirs } = treeOf(pod, store, app);
  return [`${pod.file(podFiles.overlayUpper(id))}/${app}`, ...lowerDirs];
}

/**
 * The image's manifest. The files are all there: what it depended on is not needed any more, and a whitelist
 * would hide what the app has made.
 */
function planManifest(pod: Pod, app: AcName): ImageManifest {
  const text = pod.imageManifestText(app);
  if (text === undefined) throw new Stage0Error('no-tree', `pod "${pod.uuid}" has no image manifest of app "${app}"`);
  const { dependencies: _dependencies, pathWhitelist: _whitelist, ...manifest } = parseImageManifest(text);
  return manifest;
}

async function gzip(archive: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const [{ createGzip }, { Readable }] = await Promise.all([import('node:zlib'), import('node:stream')]);
  const plain = Readable.from(archive);
  const zipped = createGzip({ chunkSize: 1 << 18 });
  plain.once('error', (error) => zipped.destroy(error));
  return plain.pipe(zipped);
}
