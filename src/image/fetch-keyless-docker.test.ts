import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { findImage } from './find-image.ts';
import { pushBundles, pushTagSignatures, signingPayload, signStatement } from './testing/cosign.ts';
import { DockerRegistry } from './testing/docker-registry.ts';
import { digestOf, makeImage, makeLayer } from './testing/oci-image.ts';
import { Sandbox } from './testing/sandbox.ts';
import { type BundleJson, cosignAnnotations, ISSUER, Sigstore } from './testing/sigstore.fixture.ts';
import { checkEvidence } from './trust/check-evidence.ts';
import { readSignatures } from './trust/signature-summary.ts';
import { trustKeys } from './trust/trust-keys.ts';

const WHO = 'builder@example.com';
const image = makeImage([makeLayer('base', 'base\n')]);
const digest = digestOf(image.manifest);
const FETCH = { pullPolicy: 'update' } as const;

let registry: DockerRegistry;
let sigstore: Sigstore;
let box: Sandbox;
let bundle: BundleJson;

before(async () => {
  [registry, sigstore] = await Promise.all([DockerRegistry.start(), Sigstore.start()]);
  bundle = await sigstore.signStatement(WHO, signStatement(digest));
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await sigstore[Symbol.asyncDispose]();
});
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

let count = 0;
async function pushed(...bundles: object[]): Promise<string> {
  const repository = `keyless/app${++count}`;
  await registry.push(repository, 'latest', image);
  if (bundles.length > 0) await pushBundles(registry, repository, image.manifest, bundles);
  return repository;
}

function trust(identity = WHO, issuer = ISSUER, trustedRoot: unknown = sigstore.trustedRoot) {
  const root = box.path('trusted_root.json');
  writeFileSync(root, JSON.stringify(trustedRoot));
  const prefix = registry.host.replace(':', '_');
  const print = (line: string) => void box.lines.push(line);
  return trustKeys({ prefix, keys: [], sigstore: { root, identity, issuer }, skipFingerprintReview: true, print }, box.context());
}
const find = (repository: string) => findImage(`docker://${registry.host}/${repository}`, FETCH, box.context('http'));

test('findImage, docker:// with a bundle by a trusted identity, held, offline, and good for another start', async () => {
  const repository = await pushed(bundle);
  const [trusted] = await trust();
  assert.match(trusted!.path, /[0-9a-f]{64}\.sigstore\.json$/);
  assert.ok(box.lines.includes(`sigstore identity is: ${WHO}`));
  const id = await find(repository);
  const [signature] = readSignatures(box.store, id);
  assert.equal(signature!.kind, 'sigstore');
  assert.equal(signature!.signer, `${WHO} (${ISSUER})`);
  assert.equal(await checkEvidence(id, box.context()), 'signed');
  assert.equal(await checkEvidence(id, box.context(), { thorough: true }), 'signed');
});

test('findImage, docker:// with a bundle of a log of version 2 and a timestamp, held and good for another start', async () => {
  const repository = await pushed(await sigstore.signStatement(WHO, signStatement(digest), { log: 2, timestamp: true }));
  await trust();
  const id = await find(repository);
  assert.equal(await checkEvidence(id, box.context(), { thorough: true }), 'signed');
});

test('findImage, docker:// with cosign annotations of a certificate and a log, held', async () => {
  const payload = signingPayload(digest);
  const signed = await sigstore.signBytes(WHO, payload);
  const repository = await pushed();
  const signature = Buffer.from(signed.messageSignature!.signature, 'base64');
  await pushTagSignatures(registry, repository, digest, [{ payload, signature, annotations: cosignAnnotations(signed) }]);
  await trust();
  const id = await find(repository);
  assert.equal(await checkEvidence(id, box.context(), { thorough: true }), 'signed');
});

test('findImage, docker:// with a bundle over the bytes of the manifest, held', async () => {
  const repository = await pushed(await sigstore.signBytes(WHO, image.manifest));
  await trust();
  await find(repository);
});

test('findImage, docker:// by another identity, refused naming it', async () => {
  const repository = await pushed(await sigstore.signStatement('eve@example.com', signStatement(digest)));
  await trust();
  await assert.rejects(find(repository), { code: 'bad-signature', message: /it is by "eve@example\.com"/ });
});

test('findImage, docker:// by an identity that only holds the trusted one, refused', async () => {
  const repository = await pushed(await sigstore.signStatement(`not-${WHO}.evil.com`, signStatement(digest)));
  await trust();
  await assert.rejects(find(repository), { code: 'bad-signature' });
});

test('findImage, docker:// by the identity of another issuer, refused', async () => {
  const repository = await pushed(bundle);
  await trust(WHO, 'https://other.example.com');
  await assert.rejects(find(repository), { message: /of "https:\/\/issuer\.example\.com"/ });
});

test('findImage, docker:// by another authority than the trusted root names, refused', async () => {
  await using other = await Sigstore.start();
  const repository = await pushed(await other.signStatement(WHO, signStatement(digest)));
  await trust();
  await assert.rejects(find(repository), { code: 'bad-signature' });
});

test('findImage, docker:// with a bundle over another image, refused', async () => {
  const repository = await pushed(await sigstore.signStatement(WHO, signStatement(`sha256:${'0'.repeat(64)}`)));
  await trust();
  await assert.rejects(find(repository), { message: /over something else/ });
});

test('findImage, docker:// with a bundle that no log vouches for, refused', async () => {
  const bare = { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [] } };
  const repository = await pushed(bare);
  await trust();
  await assert.rejects(find(repository), { code: 'bad-signature' });
});

test('findImage, docker:// with a bundle that is garbage beside a good one, held', async () => {
  const repository = await pushed({ mediaType: 'nonsense' }, bundle);
  await trust();
  await find(repository);
});

test('checkEvidence, keyless and the identity is masked or removed, refused naming it', async () => {
  const repository = await pushed(bundle);
  const [{ fingerprint }] = (await trust()) as unknown as [{ fingerprint: string }];
  const id = await find(repository);
  const { keystore } = box.context();
  keystore.remove(fingerprint);
  await assert.rejects(checkEvidence(id, box.context()), {
    code: 'no-longer-trusted',
    message: new RegExp(`the identity ${WHO} \\(${ISSUER}\\), by which it was verified, is no longer trusted`),
  });
});

test('trustKeys, sigstore root that is none, refused', async () => {
  await assert.rejects(trust(WHO, ISSUER, { hello: 1 }), { code: 'bad-key', message: /no trusted root/ });
  await assert.rejects(trust(WHO, 'no url'), { code: 'bad-key', message: /is no URL/ });
});
