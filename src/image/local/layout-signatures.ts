import type { Descriptor, OciIndex } from '#oci';
import { listedByTag, mayBeBundle, type ManifestBytes, PAYLOAD_LIMIT, SIGNATURE_LIMIT, type SignatureStore } from '../trust/find-signatures.ts';
import type { ImageFiles } from './image-files.ts';
import { isTagged, namesOf, readBlob, readManifest } from './layout-index.ts';

/**
 * The signatures that an OCI image layout has beside an image: entries of index.json that are named as a registry's
 * tags are, or that `cosign save` has marked, and manifests whose subject is the image.
 */
export function layoutSignatures(files: ImageFiles, index: OciIndex): SignatureStore {
  const byTag: SignatureStore['byTag'] = async (tag) => {
    const entry = index.manifests.find((each) => isTagged(each, tag));
    return entry === undefined ? undefined : readManifest(files, entry);
  };
  return {
    advice: 'its signature can be copied beside it by skopeo or "cosign save"',
    byTag,
    byDescriptor: (descriptor) => readManifest(files, descriptor),
    referrers: async (manifest) => {
      const tag = manifest.digest.replace(':', '-');
      return [...(await listedByTag({ byTag }, tag)), ...(await findReferrers(files, index, manifest))];
    },
    blob: (descriptor) => readBlob(files, descriptor, PAYLOAD_LIMIT),
  };
}

/** Those that say what they are come first: only so many are read. */
async function findReferrers(files: ImageFiles, index: OciIndex, { digest }: ManifestBytes): Promise<Descriptor[]> {
  const unnamed = index.manifests.filter((entry) => namesOf(entry).length === 0 && entry.digest !== digest && mayBeBundle(entry));
  const sorted = unnamed.toSorted((a, b) => Number(a.artifactType === undefined) - Number(b.artifactType === undefined));
  const found: Descriptor[] = [];
  for (const entry of sorted.slice(0, SIGNATURE_LIMIT)) {
    const document = await readManifest(files, entry).catch(() => undefined);
    if (document?.kind === 'manifest' && document.subject?.digest === digest) found.push(entry);
  }
  return found;
}
