import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { MEDIA_TYPES } from '#oci';
import { findImage } from './find-image.ts';
import { CosignKey, keyBundle, pushBundles, pushTagSignatures, signingPayload, signStatement } from './testing/cosign.ts';
import { DockerRegistry } from './testing/docker-registry.ts';
import { digestOf, makeImage, makeLayer } from './testing/oci-image.ts';
import { Sandbox } from './testing/sandbox.ts';
import { WebServer } from './testing/web-server.ts';
import { readSignatures } from './trust/signature-summary.ts';
import { trustKeys } from './trust/trust-keys.ts';

let registry: DockerRegistry;
let box: Sandbox;
let key: CosignKey;
let other: CosignKey;

before(async () => {
  registry = await DockerRegistry.start();
  key = new CosignKey();
  other = new CosignKey();
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  key[Symbol.dispose]();
  other[Symbol.dispose]();
});
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

const image = makeImage([makeLayer('base', 'base\n')], { Cmd: ['/bin/true'] });
const digest = digestOf(image.manifest);
const FETCH = { pullPolicy: 'update' } as const;
const host = () => registry.host.replace(':', '_');
let count = 0;

async function pushed(): Promise<string> {
  const repository = `team/app${++count}`;
  await registry.push(repository, 'latest', image);
  return repository;
}

const trust = (prefix: string, ...keys: CosignKey[]) =>
  trustKeys(
    { prefix, keys: keys.map(({ publicKeyFile }) => publicKeyFile), skipFingerprintReview: true, print: (line) => box.lines.push(line) },
    box.context(),
  );
const find = (repository: string) => findImage(`docker://${registry.host}/${repository}`, FETCH, box.context('http'));
const signed = (by: CosignKey, payload = signingPayload(digest)) => ({ payload, signature: by.sign(payload) });

test('findImage, docker:// signed by cosign and a key of a parent prefix, held with who signed it', async () => {
  const repository = await pushed();
  await pushTagSignatures(registry, repository, digest, [signed(key)]);
  const [trusted] = await trust(host(), key);
  const id = await find(repository);
  const [{ time, ...signature }] = readSignatures(box.store, id) as [ReturnType<typeof readSignatures>[0]];
  assert.deepEqual(signature, {
    kind: 'cosign', fingerprint: trusted!.fingerprint, signer: 'ECDSA P-256', name: `${host()}/${repository}`, over: digest,
  });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
});

for (const algorithm of ['ed25519', 'rsa'] as const) {
  test(`findImage, docker:// signed by a key of ${algorithm}, held`, async () => {
    using strange = new CosignKey(algorithm);
    const repository = await pushed();
    await pushTagSignatures(registry, repository, digest, [signed(strange)]);
    await trust(`${host()}/${repository}`, strange);
    await find(repository);
  });
}

test('findImage, docker:// by a bundle that refers to it, held', async () => {
  const repository = await pushed();
  await pushBundles(registry, repository, image.manifest, [keyBundle(key, signStatement(digest))]);
  await trust(host(), key);
  await find(repository);
});

test('findImage, docker:// whose bundle is an attestation of something else, refused', async () => {
  const repository = await pushed();
  await pushBundles(registry, repository, image.manifest, [keyBundle(key, signStatement(digest, 'https://spdx.dev/Document'))]);
  await trust(host(), key);
  await assert.rejects(find(repository), { code: 'bad-signature', message: /no image signature but a statement of type "https:\/\/spdx\.dev\/Document"/ });
});

test('findImage, docker:// without a signature, refused and not in the store', async () => {
  const repository = await pushed();
  await trust(host(), key);
  await assert.rejects(find(repository), (error: Error & { code: string; hint: string }) => {
    assert.equal(error.code, 'no-signature');
    assert.equal(error.message, `image "${host()}/${repository}" (${digest}) has no signature`);
    assert.match(error.hint, /--insecure-options=image/);
    return true;
  });
  assert.deepEqual(box.store.list(), []);
});

test('findImage, docker:// signed and no key trusted, refused saying how to trust', async () => {
  const repository = await pushed();
  await pushTagSignatures(registry, repository, digest, [signed(key)]);
  await assert.rejects(find(repository), {
    code: 'unknown-signer',
    message: `image "${host()}/${repository}" (${digest}) has 1 signature, and no cosign key or identity is trusted for that name`,
    hint: new RegExp(`rkt trust --prefix "${host()}/${repository}" PUBKEY`),
  });
});

test('findImage, docker:// signed by a key of another name, refused', async () => {
  const repository = await pushed();
  await pushTagSignatures(registry, repository, digest, [signed(key)]);
  await trust('elsewhere.example.com', key);
  await trust(host(), other);
  await assert.rejects(find(repository), { code: 'unknown-signer', message: /none of the trusted keys/ });
});

test('findImage, docker:// whose signature is over something else, refused', async () => {
  const repository = await pushed();
  const swapped = `sha256:${'0'.repeat(64)}`;
  await pushTagSignatures(registry, repository, digest, [signed(key, signingPayload(swapped))]);
  await trust(host(), key);
  await assert.rejects(find(repository), { code: 'bad-signature', message: /it is over something else: sha256:000/ });
});

test('findImage, docker:// whose payload is of another type, refused', async () => {
  const repository = await pushed();
  await pushTagSignatures(registry, repository, digest, [signed(key, signingPayload(digest, '', 'atomic container signature'))]);
  await trust(host(), key);
  await assert.rejects(find(repository), { message: /its payload is of type "atomic container signature"/ });
});

test('findImage, docker:// whose signature is truncated or was swapped for another, refused', async () => {
  const repository = await pushed();
  const good = signed(key);
  await pushTagSignatures(registry, repository, digest, [
    { ...good, signature: good.signature.subarray(0, 30) },
    { ...good, signature: key.sign(Buffer.from('something else')) },
  ]);
  await trust(host(), key);
  await assert.rejects(find(repository), { code: 'unknown-signer', message: /has 2 signatures, and none is good/ });
});

test('findImage, docker:// with a good signature among bad ones, held and the bad ones told', async () => {
  const repository = await pushed();
  const swapped = signingPayload(`sha256:${'1'.repeat(64)}`);
  await pushTagSignatures(registry, repository, digest, [signed(other), signed(key, swapped), signed(key)]);
  await trust(host(), key);
  await find(repository);
  const told = box.lines.filter((line) => line.includes('ignoring a signature that is not good'));
  assert.equal(told.length, 2);
  assert.match(told.join(), /none of the trusted keys.*over something else/s);
});

test('findImage, docker:// signed for another repository, only where the key is trusted for that too', async () => {
  const repository = await pushed();
  await pushTagSignatures(registry, repository, digest, [signed(key, signingPayload(digest, 'origin.example.com/app'))]);
  await trust(host(), key);
  await assert.rejects(find(repository), { code: 'bad-signature', message: /it is for "origin\.example\.com\/app"/ });
  await trust('origin.example.com', key);
  await find(repository);
});

test('findImage, docker:// of an index, signed as index or as the manifest for this machine', async () => {
  const { length: size } = image.manifest;
  const platform = { os: 'linux', architecture: 'amd64' };
  const manifests = [{ mediaType: image.mediaType, digest, size, platform }];
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }));
  await trust(host(), key);
  for (const over of [digestOf(index), digest]) {
    const repository = await pushed();
    await registry.putManifest(repository, 'latest', index, MEDIA_TYPES.ociIndex);
    await assert.rejects(find(repository), { code: 'no-signature' });
    await pushTagSignatures(registry, repository, over, [signed(key, signingPayload(over))]);
    const id = await find(repository);
    assert.equal(readSignatures(box.store, id)[0]!.over, over);
  }
});

test('trustKeys, PEM keys, named by their fingerprint, shown, and refused when weak or private', async () => {
  const [trusted] = await trust('a.com', key);
  assert.match(trusted!.path, /prefix\.d\/a\.com\/[0-9a-f]{64}\.pem$/);
  assert.ok(box.lines.some((line) => /^cosign key fingerprint is: ([0-9A-F]{4} ?)+ ( ?[0-9A-F]{4})+$/.test(line)));
  const again = await trust('a.com', key);
  assert.deepEqual(again, [trusted]);
  using p384 = new CosignKey('p384');
  using short = new CosignKey('rsa1024');
  await assert.rejects(trust('a.com', p384), { code: 'bad-key', message: /neither ECDSA P-256/ });
  await assert.rejects(trust('a.com', short), { code: 'bad-key' });
  const path = key.publicKeyFile.replace('cosign.pub', 'cosign.key');
  await assert.rejects(trustKeys({ prefix: 'a.com', keys: [path], skipFingerprintReview: true, print: () => {} }, box.context()), /holds a private key/);
});

test('findImage, docker:// of a registry with the referrers API, its bundle found there', async () => {
  const bundle = Buffer.from(JSON.stringify(keyBundle(key, signStatement(digest))));
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const layer = { mediaType: type, digest: digestOf(bundle), size: bundle.length };
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
  const referrer = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType: type, config, layers: [layer] }));
  const entry = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(referrer), size: referrer.length, artifactType: type };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] });
  const blobs = new Map<string, Buffer>([...image.blobs, [layer.digest, bundle]]);
  await using server = await WebServer.start(({ url = '' }, response) => {
    const [, kind, name = ''] = /\/v2\/api\/app\/(\w+)\/(.+)$/.exec(url) ?? [];
    if (url === '/v2/') return void response.end();
    if (kind === 'referrers') return void response.writeHead(200, { 'content-type': MEDIA_TYPES.ociIndex }).end(index);
    const manifest = name === 'latest' ? image.manifest : name === entry.digest ? referrer : undefined;
    if (kind === 'manifests' && manifest !== undefined) {
      return void response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest }).end(manifest);
    }
    const blob = kind === 'blobs' ? blobs.get(name) : undefined;
    if (blob === undefined) return void response.writeHead(404).end('{}');
    response.writeHead(200, { 'content-length': blob.length }).end(blob);
  });
  await trust(server.host.replace(':', '_'), key);
  await findImage(`docker://${server.host}/api/app`, FETCH, box.context('http'));
  assert.ok(server.requests.some(({ url }) => url === `/v2/api/app/referrers/${digest}`));
});
