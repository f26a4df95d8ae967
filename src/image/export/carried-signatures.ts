import type { ImageId } from '#appc';
import { MEDIA_TYPES } from '#oci';
import type { Store } from '#store';
import { parseEvidence, type SignatureRecord } from '../trust/evidence.ts';
import { BUNDLE, BUNDLE_TYPES, PAYLOAD, SIGNATURE } from '../trust/find-signatures.ts';
import { type Blob, contentBlob, describe, renderBlob } from './build-image.ts';

/** A manifest with small blobs that is kept beside an image. */
export interface Companion {
  readonly manifest: ContentBlob;
  readonly blobs: readonly ContentBlob[];
  /** The tag it has; undefined: it is known by its digest. */
  readonly tag?: string;
  readonly artifactType?: string;
}

export type ContentBlob = Blob & { readonly bytes: Buffer };

/**
 * The signatures that were found when an image was fetched, as registries and layouts keep them, where they are over
 * the manifest that leaves. Mostly it is another one, as layers are archived anew: then there are none.
 */
export function carriedSignatures(store: Pick<Store, 'readEvidence'>, id: ImageId, manifest: Blob): Companion[] {
  const text = store.readEvidence(id);
  const evidence = text === undefined ? undefined : parseEvidence(text);
  if (evidence?.docker?.manifest !== manifest.digest) return [];
  const records = evidence.signatures.filter(({ over }) => over === manifest.digest);
  const [bundled, simple] = [records.filter(({ bundle }) => bundle !== undefined), records.filter(({ bundle }) => bundle === undefined)];
  return [...(simple.length === 0 ? [] : [simpleSignatures(manifest, simple)]), ...bundled.map((record) => referrer(manifest, record))];
}

/** The tag under which a registry without the API of referrers lists them. */
export function listReferrers(manifest: Blob, companions: readonly Companion[]): Companion[] {
  const entries = companions.filter(({ tag }) => tag === undefined).map((each) => ({ ...describe(each.manifest), artifactType: each.artifactType }));
  if (entries.length === 0) return [];
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: entries };
  return [{ tag: manifest.digest.replace(':', '-'), manifest: renderBlob(MEDIA_TYPES.ociIndex, index), blobs: [] }];
}

function simpleSignatures(manifest: Blob, records: readonly SignatureRecord[]): Companion {
  const payloads = records.map(({ annotations, artifact = '', signature = '' }) => {
    const blob = contentBlob(PAYLOAD, Buffer.from(artifact, 'base64'));
    return { blob, entry: { ...describe(blob), annotations: { ...annotations, [SIGNATURE]: signature } } };
  });
  return {
    tag: `${manifest.digest.replace(':', '-')}.sig`,
    ...artifactOf(payloads.map(({ entry }) => entry), payloads.map(({ blob }) => blob)),
  };
}

function referrer(manifest: Blob, { bundle }: SignatureRecord): Companion {
  const { mediaType } = bundle as { mediaType?: unknown };
  const artifactType = typeof mediaType === 'string' && BUNDLE_TYPES.test(mediaType) ? mediaType : BUNDLE;
  const blob = contentBlob(artifactType, Buffer.from(JSON.stringify(bundle)));
  return { artifactType, ...artifactOf([describe(blob)], [blob], { artifactType, subject: describe(manifest) }) };
}

function artifactOf(layers: readonly object[], blobs: readonly ContentBlob[], more: object = {}): Pick<Companion, 'manifest' | 'blobs'> {
  const config = contentBlob(MEDIA_TYPES.ociConfig, Buffer.from('{}'));
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: describe(config), layers, ...more };
  return { manifest: renderBlob(MEDIA_TYPES.ociManifest, document), blobs: [config, ...blobs] };
}
