import { type Descriptor, type OciIndex, type OciManifest, MAXIMUM_MANIFEST_BYTES, parseManifest } from '#oci';
import { ImageError } from '../image-error.ts';
import { type ImageFiles } from './image-files.ts';
import { blobName, checkDigest } from './local-image.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
/** Written by containerd and docker: the whole reference, beside the tag alone. */
const FULL_NAME = 'io.containerd.image.name';
/** Written by `cosign save`: what an entry is. */
const COSIGN_KIND = 'kind';
const COSIGN_SIGNATURES = 'dev.cosignproject.cosign/sigs';
const COSIGN_ATTESTATIONS = 'dev.cosignproject.cosign/atts';
/** What cosign and registries keep beside an image, by the image's digest. */
const COMPANION = /(?:^|:)sha(?:256|512)-[0-9a-f]{64,128}(?:\.[a-z]+)?$/;

/** What an entry of index.json is called. */
export function namesOf({ annotations }: Descriptor): string[] {
  return [annotations?.[FULL_NAME], annotations?.[REF_NAME]].filter((name) => name !== undefined && name !== '') as string[];
}

/** Whether an entry is what somebody said of an image, and no image itself. */
export function isCompanion(entry: Descriptor): boolean {
  const names = namesOf(entry);
  const kind = entry.annotations?.[COSIGN_KIND];
  if (kind === COSIGN_SIGNATURES || kind === COSIGN_ATTESTATIONS || entry.artifactType !== undefined) return true;
  return names.length > 0 && names.every((name) => COMPANION.test(name));
}

/** Whether an entry holds cosign's signatures that a registry would have under a tag. */
export function isTagged(entry: Descriptor, tag: string): boolean {
  if (tag.endsWith('.sig') && entry.annotations?.[COSIGN_KIND] === COSIGN_SIGNATURES) return true;
  return namesOf(entry).some((name) => name === tag || name.endsWith(`:${tag}`));
}

export async function readBlob(files: ImageFiles, { digest, size }: Pick<Descriptor, 'digest' | 'size'>, limit: number): Promise<Buffer> {
  const bytes = await files.read(blobName(digest), limit);
  if (bytes.length !== size) {
    throw new ImageError('digest-mismatch', `${files.description}: blob ${digest} has ${bytes.length} bytes, not ${size}`);
  }
  return checkDigest(bytes, digest, files.description);
}

export async function readManifest(files: ImageFiles, descriptor: Descriptor): Promise<OciManifest | OciIndex> {
  return parseManifest(await readBlob(files, descriptor, MAXIMUM_MANIFEST_BYTES), descriptor.mediaType);
}
