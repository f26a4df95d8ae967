import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageId } from '#appc';
import { type OciManifest, parseManifest } from '#oci';
import { BUNDLE, CosignKey, keyBundle, signingPayload, signStatement } from '../testing/cosign.ts';
import { findSignatures, type ManifestBytes, type SignatureStore } from '../trust/find-signatures.ts';
import { renderEvidence, type SignatureRecord } from '../trust/evidence.ts';
import { contentBlob } from './build-image.ts';
import { carriedSignatures, type Companion, listReferrers } from './carried-signatures.ts';

const id = `sha512-${'0'.repeat(64)}` as ImageId;
const manifest = contentBlob('application/vnd.oci.image.manifest.v1+json', Buffer.from('{}'));
const base = { fingerprint: 'f', keyFile: 'f.pem', keyHash: 'h', signer: 's', over: manifest.digest } as const;

function storeWith(signatures: readonly SignatureRecord[], of = manifest.digest) {
  const docker = { manifest: of, indexes: [] };
  return { readEvidence: () => renderEvidence({ image: id, name: 'example.com/app' as never, verified: 'signed', time: '', manifestHash: '', docker, signatures }) };
}

/** The companions as a place to look for signatures in. */
function placeOf(companions: readonly Companion[]): SignatureStore {
  const contents = new Map(companions.flatMap(({ blobs, manifest: own }) => [own, ...blobs]).map(({ bytes, digest }) => [digest, bytes]));
  const read = async (companion: Pick<Companion, 'manifest'> | undefined) => (companion === undefined ? undefined : parseManifest(companion.manifest.bytes, companion.manifest.mediaType));
  return {
    advice: '',
    byTag: async (tag) => read(companions.find((each) => each.tag === tag)),
    byDescriptor: async ({ digest }) => read(companions.find((each) => each.manifest.digest === digest)),
    referrers: async () => undefined,
    blob: async ({ digest }) => contents.get(digest)!,
  };
}

test('carriedSignatures, payloads and bundles over the manifest that leaves, found again where they go', async () => {
  using key = new CosignKey();
  const payload = signingPayload(manifest.digest);
  const bundle = keyBundle(key, signStatement(manifest.digest));
  const annotations = { 'dev.sigstore.cosign/certificate': 'c' };
  const carried = carriedSignatures(storeWith([
    { ...base, kind: 'cosign', artifact: payload.toString('base64'), signature: key.sign(payload).toString('base64'), annotations },
    { ...base, kind: 'cosign', bundle },
  ]), id, manifest);
  const place = placeOf([...carried, ...listReferrers(manifest, carried)]);
  const found = await Array.fromAsync(findSignatures(place, manifest as ManifestBytes, (problem) => assert.fail(problem)));
  assert.equal(found.length, 2);
  assert.deepEqual(found[0]!.artifact, payload);
  assert.equal(found[0]!.annotations!['dev.sigstore.cosign/certificate'], 'c');
  assert.deepEqual(found[1]!.bundle, bundle);
  const referrer = parseManifest(carried[1]!.manifest.bytes) as OciManifest;
  assert.deepEqual([referrer.artifactType, referrer.subject?.digest], [BUNDLE, manifest.digest]);
});

test('carriedSignatures, of another manifest, over an index, by OpenPGP or none at all, nothing', () => {
  const other = contentBlob('x', Buffer.from('other'));
  const record: SignatureRecord = { ...base, kind: 'cosign', artifact: '', signature: '' };
  assert.deepEqual(carriedSignatures(storeWith([record], other.digest), id, manifest), []);
  assert.deepEqual(carriedSignatures(storeWith([{ ...record, over: other.digest }]), id, manifest), []);
  assert.deepEqual(carriedSignatures({ readEvidence: () => undefined }, id, manifest), []);
  assert.deepEqual(listReferrers(manifest, []), []);
});
