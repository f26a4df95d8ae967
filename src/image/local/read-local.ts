import { loadArchives } from '#store';
import { planImageManifest } from '../convert/image-manifest.ts';
import type { LocalRequest } from '../confined/messages.ts';
import type { Report } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { dockerImageName } from '../trust/docker-image-name.ts';
import { openKeystore } from '../trust/keystore.ts';
import type { Verified } from '../trust/write-evidence.ts';
import { DOCKER_MANIFEST, readDockerArchive } from './docker-archive.ts';
import { ArchiveFiles, directoryFiles, type ReadAnswer } from './image-files.ts';
import type { LocalImage } from './local-image.ts';
import { planLocalName } from './local-name.ts';
import type { LocalForm } from './local-source.ts';
import { OCI_MARKER, readOciLayout } from './oci-layout.ts';

/** What reading takes: the files, and somebody who takes what there is into the store. */
export interface LocalContext {
  readonly report: Report;
  /** The archive, and where it is written uncompressed if it is compressed. */
  readonly fd: number;
  readonly copyFd: number;
  /** Of a directory. */
  readFile(name: string, limit: number): Promise<ReadAnswer>;
  importImage(image: Parameters<typeof planImageManifest>[0], layers: LocalImage['layers']): Promise<void>;
}

export interface LocalResult {
  readonly form: LocalForm | 'aci';
  /** Null where it was not. */
  readonly verified: Verified | null;
}

/**
 * Reads an image of an OCI layout, an OCI archive or a docker archive, verifies it, and has it taken in: as one of a
 * registry, with the same checks and the same ID. Of an ACI no more is said than that it is one.
 *
 * @throws {ImageError}, {OciError}, and {StoreError} for archives and layers that are not what they should be
 */
export async function readLocal(request: LocalRequest, ctx: LocalContext): Promise<LocalResult> {
  const { description, name, path } = request;
  if (request.form !== undefined) checkCanBeVerified(request.form, request);
  const files = request.form === 'oci' ? directoryFiles(description, ctx.readFile) : await openArchive(request, ctx);
  const form = request.form ?? formOf(files as ArchiveFiles);
  if (form === 'aci') return { form, verified: null };
  checkCanBeVerified(form, request);
  const image = await (form === 'docker-archive' ? readDockerArchive(files as ArchiveFiles, name) : readOciLayout(files, name));
  const planned = planLocalName(image.names, { path });
  const verified = await verify(image, dockerImageName(planned.reference), request, ctx);
  const { config, configDigest, layers, signed } = image;
  const manifestDigest = signed?.path.at(-1)!.digest;
  await ctx.importImage({ ...planned, config, configDigest, ...(manifestDigest === undefined ? {} : { manifestDigest }) }, layers);
  return { form, verified };
}

async function openArchive({ compression, description }: LocalRequest, { fd, copyFd }: LocalContext): Promise<ArchiveFiles> {
  const { indexArchive, writeUncompressed } = await loadArchives();
  // Its files are read in any order.
  if (compression !== 'none') await writeUncompressed(fd, copyFd);
  const plain = compression === 'none' ? fd : copyFd;
  return new ArchiveFiles(plain, indexArchive(plain), description);
}

function formOf(files: ArchiveFiles): LocalForm | 'aci' {
  if (files.has(OCI_MARKER)) return 'oci-archive';
  if (files.has(DOCKER_MANIFEST)) return 'docker-archive';
  if (files.has('manifest')) return 'aci';
  throw new ImageError('unsupported-image', `${files.description}: neither an ACI nor an OCI or docker archive`);
}

function checkCanBeVerified(form: LocalForm, { description, insecure }: LocalRequest): void {
  if (form !== 'docker-archive' || insecure.image) return;
  throw new ImageError('no-signature', `${description}: a docker archive cannot carry signatures`, {
    hint: 'save the image as an OCI layout with its signature beside it (skopeo, cosign save); --insecure-options=image goes without',
  });
}

/** Before anything of the image is in the store. */
async function verify(
  { signed }: LocalImage,
  name: ReturnType<typeof dockerImageName>,
  { insecure, keystore }: LocalRequest,
  { report }: LocalContext,
): Promise<Verified | null> {
  if (!insecure.image && signed !== undefined) {
    const { verifyImage } = await import('../trust/verify-image.ts');
    return verifyImage(signed.signatures, { name, path: signed.path }, { report, keystore: openKeystore(keystore) });
  }
  report.info('image: warning: image signature verification has been disabled');
  return null;
}
