import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcIdentifier, ImageId } from '#appc';
import { findImage } from '../find-image.ts';
import { CosignKey, pushTagSignatures, signingPayload } from '../testing/cosign.ts';
import { DockerRegistry } from '../testing/docker-registry.ts';
import { Gpg } from '../testing/gpg.ts';
import { digestOf, makeImage, makeLayer } from '../testing/oci-image.ts';
import { Sandbox } from '../testing/sandbox.ts';
import { checkEvidence } from './check-evidence.ts';
import { keyFileName } from './key-files.ts';
import { parsePemKeys } from './pem-key.ts';
import { readSignatures } from './signature-summary.ts';

const NAME = 'example.com/app' as AcIdentifier;
const image = makeImage([makeLayer('base', 'base\n')]);
const digest = digestOf(image.manifest);

let registry: DockerRegistry;
let gpg: Gpg;
let cosign: CosignKey;
let pgp: string;
let box: Sandbox;

before(async () => {
  registry = await DockerRegistry.start();
  await registry.push('team/app', 'latest', image);
  cosign = new CosignKey();
  const payload = signingPayload(digest, `${registry.host}/team/app`);
  await pushTagSignatures(registry, 'team/app', digest, [{ payload, signature: cosign.sign(payload) }]);
  gpg = new Gpg();
  pgp = gpg.makeKey('owner@example.com');
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  gpg[Symbol.dispose]();
  cosign[Symbol.dispose]();
});
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

const dockerName = () => `${registry.host.replace(':', '_')}/team/app` as AcIdentifier;
const check = (id: ImageId, insecure?: string) => checkEvidence(id, box.context(insecure));

function trustCosign(): string {
  const [key] = parsePemKeys(Buffer.from(cosign.publicKey), 'key');
  box.context().keystore.add(dockerName(), key!.fileName, key!.pem);
  return key!.fingerprint;
}

function signedAci(...signers: string[]): string {
  const path = box.makeAci(NAME);
  const signatures = signers.map((signer) => gpg.sign(signer, path, '--no-armor'));
  writeFileSync(path.replace(/\.aci$/, '.aci.asc'), Buffer.concat(signatures));
  return path;
}

const trustPgp = (fingerprint = pgp) => box.context().keystore.add(NAME, fingerprint, gpg.publicKey(fingerprint));
const fetchAci = (path: string, insecure = 'none') => findImage(path, { pullPolicy: 'update' }, box.context(insecure));
const fetchDocker = (insecure = 'http') =>
  findImage(`docker://${registry.host}/team/app`, { pullPolicy: 'update' }, box.context(insecure));

const evidencePath = (id: ImageId) => box.path(`data/cas/db/evidence/${id}.json`);

function change(id: ImageId, edit: (evidence: any) => void): void {
  const evidence = JSON.parse(readFileSync(evidencePath(id), 'utf8'));
  edit(evidence);
  writeFileSync(evidencePath(id), JSON.stringify(evidence));
}

test('checkEvidence, ACI and Docker image with their keys, signed', async () => {
  trustPgp();
  trustCosign();
  assert.equal(await check(await fetchAci(signedAci(pgp))), 'signed');
  assert.equal(await check(await fetchDocker()), 'signed');
});

test('checkEvidence, key removed after the fetch, refused naming it and what to do', async () => {
  const path = trustPgp();
  const fingerprint = trustCosign();
  const [aci, docker] = [await fetchAci(signedAci(pgp)), await fetchDocker()];
  rmSync(path);
  box.context().keystore.remove(fingerprint);
  await assert.rejects(check(aci), {
    code: 'no-longer-trusted',
    message: `image "${NAME}" (${aci}) may not run: the key ${pgp}, by which it was verified, is no longer trusted for "${NAME}"`,
    hint: /^trust the key again \(rkt trust --prefix "example\.com\/app" PUBKEY\) or fetch/,
  });
  await assert.rejects(check(docker), { code: 'no-longer-trusted', message: new RegExp(fingerprint) });
  assert.equal(await check(aci, 'image'), 'unverified');
  trustPgp();
  assert.equal(await check(aci), 'signed');
});

test('checkEvidence, key of the system masked by an empty file, refused', async () => {
  const directory = box.path('system/trustedkeys/root.d');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, pgp), gpg.publicKey(pgp));
  const id = await fetchAci(signedAci(pgp));
  assert.deepEqual(box.context().keystore.remove(pgp).map(({ outcome }) => outcome), ['masked']);
  await assert.rejects(check(id), { code: 'no-longer-trusted' });
});

test('checkEvidence, one of two signers no longer trusted, still signed', async () => {
  const second = gpg.makeKey('second@example.com');
  const first = trustPgp();
  trustPgp(second);
  const id = await fetchAci(signedAci(pgp, second));
  assert.equal(readSignatures(box.store, id).length, 2);
  rmSync(first);
  assert.equal(await check(id), 'signed');
});

test('checkEvidence, key trusted anew with its revocation, refused', async () => {
  const revoked = gpg.makeKey('revoked@example.com');
  trustPgp(revoked);
  const id = await fetchAci(signedAci(revoked));
  gpg.revoke(revoked);
  trustPgp(revoked);
  await assert.rejects(check(id), { code: 'no-longer-trusted', message: /is no longer good: .*revoked/ });
});

test('checkEvidence, key that expired after the fetch, signed by it still until its file is another', async () => {
  const short = gpg.makeKey('expired@example.com', 'seconds=3');
  const path = trustPgp(short);
  const id = await fetchAci(signedAci(short));
  await sleep(3200);
  assert.equal(await check(id), 'signed');
  writeFileSync(path, `\n${gpg.publicKey(short)}`);
  await assert.rejects(check(id), { code: 'no-longer-trusted', message: /is no longer good: .*expired/ });
});

test('checkEvidence, evidence of another image, of other bytes, or unreadable, refused', async () => {
  trustPgp();
  trustCosign();
  const [aci, docker] = [await fetchAci(signedAci(pgp)), await fetchDocker()];
  const whole = [aci, docker].map((id) => [evidencePath(id), readFileSync(evidencePath(id))] as const);
  const restore = (): void => whole.forEach(([path, bytes]) => writeFileSync(path, bytes));
  const refuses = async (id: ImageId, message: RegExp) => {
    await assert.rejects(check(id), { code: 'evidence-mismatch', message, hint: `remove the image and fetch it again: rkt image rm ${id}` });
    restore();
  };
  writeFileSync(evidencePath(aci), readFileSync(evidencePath(docker)));
  await refuses(aci, new RegExp(`may not run: its evidence does not match: it is of image ${docker}`));
  change(aci, (evidence) => (evidence.name = 'example.com/other'));
  await refuses(aci, /it is for the name "example\.com\/other"/);
  change(docker, (evidence) => (evidence.signatures[0].signature = Buffer.alloc(70).toString('base64')));
  await refuses(docker, /the signature by [0-9a-f]{64} is not good/);
  change(docker, (evidence) => (evidence.signatures[0].artifact = signingPayload(`sha256:${'1'.repeat(64)}`).toString('base64')));
  await refuses(docker, /is not good/);
  change(docker, (evidence) => (evidence.docker.manifest = `sha256:${'1'.repeat(64)}`));
  await refuses(docker, /it is of the manifest sha256:111/);
  change(docker, (evidence) => delete evidence.docker);
  await refuses(docker, /another kind of image/);
  change(docker, (evidence) => (evidence.docker.indexes = 'none'));
  await refuses(docker, /it cannot be read/);
  change(docker, (evidence) => (evidence.docker.indexes = ['bm9uZQ==']));
  await refuses(docker, /an index that led to the manifest is none/);
  change(docker, (evidence) => (evidence.signatures = [null]));
  await refuses(docker, /it cannot be read/);
  change(aci, (evidence) => (evidence.signatures = []));
  await refuses(aci, /it cannot be read/);
  writeFileSync(evidencePath(aci), readFileSync(evidencePath(aci)).subarray(0, 50));
  await refuses(aci, /it cannot be read/);
  assert.equal(await check(aci), 'signed');
});

test('checkEvidence, image manifest changed in the store, refused', async () => {
  trustPgp();
  trustCosign();
  for (const id of [await fetchAci(signedAci(pgp)), await fetchDocker()]) {
    const path = box.path(`data/cas/imageManifest/sha512/${id.slice(7, 9)}/${id}`);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"acKind"', '"acKind" '));
    await assert.rejects(check(id), { code: 'evidence-mismatch', message: /the image manifest is not the one that was verified/ });
  }
});

test('checkEvidence, layers of the record changed, refused', async () => {
  trustCosign();
  const id = await fetchDocker();
  const path = box.path(`data/cas/db/image/${id}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/(?<="layers":\["sha256:)./, (digit) => (digit === '0' ? '1' : '0')));
  await assert.rejects(check(id), { code: 'image-damaged' });
});

test('checkEvidence, fetched without verification, runs unless the configuration requires evidence', async () => {
  const id = await fetchAci(box.makeAci(NAME), 'image');
  assert.equal(JSON.parse(readFileSync(evidencePath(id), 'utf8')).verified, 'none');
  assert.equal(await check(id), 'unverified');
  mkdirSync(box.path('local/trust.d'), { recursive: true });
  writeFileSync(box.path('local/trust.d/strict.json'), '{"rktKind":"trust","rktVersion":"v1","requireEvidence":true}');
  await assert.rejects(check(id), { code: 'not-verified', message: /was never verified, and the configuration requires it/ });
  assert.equal(await check(id, 'image'), 'unverified');
  rmSync(evidencePath(id));
  await assert.rejects(check(id), { code: 'not-verified' });
});

test('checkEvidence, fetched without and then with verification, signed and stays so', async () => {
  trustPgp();
  const path = signedAci(pgp);
  const id = await fetchAci(path, 'image');
  assert.deepEqual(readSignatures(box.store, id), []);
  await fetchAci(path);
  assert.equal(await check(id), 'signed');
  await fetchAci(path, 'image');
  assert.equal(await check(id), 'signed');
});

test('checkEvidence, a dependency that was not verified, makes the whole unverified', async () => {
  trustPgp();
  const base = await fetchAci(box.makeAci('example.com/base'), 'image');
  const path = box.makeAci(NAME, { manifest: { dependencies: [{ imageName: 'example.com/base', imageID: base }] } });
  writeFileSync(path.replace(/\.aci$/, '.aci.asc'), gpg.sign(pgp, path));
  assert.equal(await check(await fetchAci(path)), 'unverified');
});

test('remove, an image, takes its evidence along', async () => {
  trustPgp();
  const id = await fetchAci(signedAci(pgp));
  box.store.remove(id);
  assert.equal(box.store.readEvidence(id), undefined);
});

test('checkEvidence, a signed image, takes a few milliseconds', async () => {
  trustCosign();
  const id = await fetchDocker();
  await check(id);
  const started = performance.now();
  for (let i = 0; i < 20; i++) await check(id);
  assert.ok((performance.now() - started) / 20 < 20, `${(performance.now() - started) / 20} ms each`);
});

test('keyFileName, every kind, keeps the name of rkt for OpenPGP', () => {
  assert.equal(keyFileName('pgp', pgp), pgp);
  assert.equal(keyFileName('cosign', 'a'.repeat(64)), `${'a'.repeat(64)}.pem`);
});
