import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ImageId, parseAcIdentifier, parseImageManifest } from '#appc';
import { checkEvidence, type EvidenceContext, type Keystore, openKeystore } from '#image';
import { type Descriptor, MEDIA_TYPES, parseManifest } from '#oci';
import { BUNDLE, signStatement } from '../../../src/image/testing/cosign.ts';
import { ISSUER, Sigstore } from '../../../src/image/testing/sigstore.fixture.ts';
import { renderEvidence } from '../../../src/image/trust/evidence.ts';
import type { SignatureStore } from '../../../src/image/trust/find-signatures.ts';
import { parsePemKeys } from '../../../src/image/trust/pem-key.ts';
import { identityFileName, makeIdentity, renderIdentity } from '../../../src/image/trust/sigstore-identity.ts';
import { verifyImage } from '../../../src/image/trust/verify-image.ts';
import { textHash, type Verified } from '../../../src/image/trust/write-evidence.ts';
import { mutateBytes, mutateJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

const WHO = 'builder@example.com';
const NAME = parseAcIdentifier('example.com/app');
const manifest = Buffer.from('{"schemaVersion":2}');
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}` as Descriptor['digest'];
const report = { info() {}, debug() {}, progress() {} };

interface Scene {
  readonly keystore: Keystore;
  readonly trustedRoot: object;
  readonly pem: Buffer;
  readonly bundles: readonly object[];
  /** Of an image that all of them vouch for. */
  readonly verified: Verified;
}

/** Keys, trusted roots, bundles and evidence of cosign and sigstore that are damaged. */
export const sigstore: Target = {
  name: 'sigstore',
  limit: 5000,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rkt-fuzz-'));
    const scene = await makeScene(directory);
    return subjectOf(async (random) => void (await random.pick([checkKey, checkRoot, checkBundle, checkKept])(scene, random)), () => rmSync(directory, { recursive: true }));
  },
};

async function makeScene(directory: string): Promise<Scene> {
  await using authority = await Sigstore.start();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
  const keystore = openKeystore({ systemDir: join(directory, 'system'), localDir: directory });
  const [key] = parsePemKeys(pem, 'key');
  keystore.add(undefined, key!.fileName, key!.pem);
  const { trustedRoot } = authority;
  const identity = await makeIdentity({ root: Buffer.from(JSON.stringify(trustedRoot)), identity: WHO, issuer: ISSUER, what: 'root' });
  keystore.add(undefined, identityFileName(identity), renderIdentity(identity));
  const bundles = [
    await authority.signStatement(WHO, signStatement(digest)),
    await authority.signStatement(WHO, signStatement(digest), { log: 2, timestamp: true }),
    await authority.signBytes(WHO, manifest),
    { mediaType: BUNDLE, verificationMaterial: { publicKey: { hint: '' } }, messageSignature: { signature: sign('sha256', manifest, privateKey).toString('base64') } },
  ];
  const verified = await verifyImage(storeOf(bundles.map((each) => Buffer.from(JSON.stringify(each)))), { name: NAME, path: [{ digest, bytes: manifest }] }, { report, keystore });
  return { keystore, trustedRoot, pem, bundles, verified };
}

/** A place that has bundles of the manifest, and an index of them that may be any bytes. */
function storeOf(bundles: readonly Buffer[], change: (bytes: Buffer) => Buffer = (bytes) => bytes): SignatureStore {
  const blobs = new Map<string, Buffer>();
  const describe = (mediaType: string, bytes: Buffer): Descriptor => {
    const name = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Descriptor['digest'];
    blobs.set(name, bytes);
    return { mediaType, digest: name, size: bytes.length };
  };
  const empty = Buffer.from('{}');
  const referrers = bundles.map((bundle) => {
    const layers = [describe(BUNDLE, bundle)];
    const artifact = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: describe(MEDIA_TYPES.ociConfig, empty), layers };
    return { ...describe(MEDIA_TYPES.ociManifest, change(Buffer.from(JSON.stringify(artifact)))), artifactType: BUNDLE };
  });
  return {
    advice: '',
    byTag: async () => undefined,
    byDescriptor: async (descriptor) => parseManifest(blobs.get(descriptor.digest)!, descriptor.mediaType),
    referrers: async () => referrers,
    blob: async (descriptor) => blobs.get(descriptor.digest) ?? Buffer.alloc(0),
  };
}

function checkKey({ pem }: Scene, random: Random): void {
  parsePemKeys(mutateBytes(pem, random), 'key');
}

async function checkRoot({ trustedRoot }: Scene, random: Random): Promise<void> {
  await makeIdentity({ root: Buffer.from(mutateJson(trustedRoot, random)), identity: WHO, issuer: random.pick([ISSUER, '', 'x']), what: 'root' });
}

/** Whatever was done to a bundle: if it is believed, it is over this manifest and by one who is trusted. */
async function checkBundle({ bundles, keystore }: Scene, random: Random): Promise<void> {
  const damaged = Buffer.from(mutateJson(random.pick(bundles), random));
  const store = storeOf([damaged], (bytes) => (random.chance(0.1) ? mutateBytes(bytes, random) : bytes));
  const { signatures } = await verifyImage(store, { name: NAME, path: [{ digest, bytes: manifest }] }, { report, keystore });
  for (const { over, signer } of signatures) {
    assert.equal(over, digest);
    assert.ok(['ECDSA P-256', `${WHO} (${ISSUER})`].includes(signer), signer);
  }
}

/** Evidence as it lies beside an image, read at each start. */
async function checkKept({ keystore, verified }: Scene, random: Random): Promise<void> {
  const id = `sha512-${'0'.repeat(64)}` as ImageId;
  const text = JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: NAME, labels: [], annotations: [{ name: 'appc.io/docker/manifesthash', value: digest }] });
  const evidence = { image: id, name: NAME, verified: 'signed', time: new Date(0).toISOString(), manifestHash: textHash('sha512', text), ...verified } as const;
  const kept = random.chance(0.05) ? renderEvidence(evidence) : mutateJson(evidence, random);
  const image = { id, kind: 'layers', manifest: parseImageManifest(text) };
  const context = {
    keystore,
    insecure: { image: false },
    config: { trust: { requireEvidence: true, allowLegacyPgp: false } },
    store: { get: () => image, readEvidence: () => kept, readManifestText: () => text, imagesBelow: () => [id], checkLayers() {} },
  } as unknown as EvidenceContext;
  await checkEvidence(id, context, { thorough: random.chance(0.5) });
}
