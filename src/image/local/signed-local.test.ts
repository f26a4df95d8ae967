/** Signatures beside an image in an OCI layout or archive, and forms that can have none. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { digestHex, MEDIA_TYPES } from '#oci';
import { findImage } from '../find-image.ts';
import { BUNDLE, bundleReferrer, CosignKey, keyBundle, signatureTag, signingPayload, signStatement, tagSignatures } from '../testing/cosign.ts';
import { type LayoutEntry, layoutFiles, named, packLayout, writeLayout } from '../testing/layout.ts';
import { digestOf, makeImage, makeLayer, type OciImage } from '../testing/oci-image.ts';
import { Sandbox } from '../testing/sandbox.ts';
import { ISSUER, Sigstore } from '../testing/sigstore.fixture.ts';
import { checkEvidence } from '../trust/check-evidence.ts';
import { readSignatures } from '../trust/signature-summary.ts';
import { trustKeys } from '../trust/trust-keys.ts';

const skip = process.getuid!() === 0 ? false : 'not root';
const image = makeImage([makeLayer('hello', 'hello')], { Cmd: ['/hello'] });
const digest = digestOf(image.manifest);
const NAME = 'quay.io/team/app';

let key: CosignKey;
let other: CosignKey;
let box: Sandbox;

before(() => {
  key = new CosignKey();
  other = new CosignKey();
});
after(() => {
  key[Symbol.dispose]();
  other[Symbol.dispose]();
});
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

const sign = (by = key, payload = signingPayload(digest)) => ({ payload, signature: by.sign(payload) });
const signatures = (...each: ReturnType<typeof sign>[]): LayoutEntry => named(tagSignatures(each), signatureTag(digest));
const app = named(image, `${NAME}:1`);
const write = (...entries: LayoutEntry[]): string => writeLayout(box, layoutFiles(...entries));
const trust = (prefix: string, ...keys: CosignKey[]) =>
  trustKeys({ prefix, keys: keys.map(({ publicKeyFile }) => publicKeyFile), skipFingerprintReview: true, print: () => {} }, box.context());
const find = (text: string) => findImage(text, { pullPolicy: 'new' }, box.context());

test('findImage, oci: and oci-archive: signed by cosign, held with evidence that is good for a start', { skip }, async () => {
  await trust('quay.io', key);
  const directory = write(app, signatures(sign()));
  const id = await find(`oci:${directory}`);
  const [{ time: _, ...signature }] = readSignatures(box.store, id) as [ReturnType<typeof readSignatures>[0]];
  const { kind, name, over } = signature;
  assert.deepEqual({ kind, name, over }, { kind: 'cosign', name: NAME, over: digest });
  assert.equal(await checkEvidence(id, box.context()), 'signed');
  box.store.remove(id);
  assert.equal(await find(`oci-archive:${packLayout(directory)}`), id);
  assert.equal(await checkEvidence(id, box.context()), 'signed');
});

test('findImage, oci: with a tag alone, by keys trusted for localhost and the name of the directory', { skip }, async () => {
  const directory = writeLayout(box, layoutFiles(named(image, '1'), signatures(sign())), box.path('app'));
  await trust('quay.io', key);
  await assert.rejects(find(`oci:${directory}`), {
    code: 'unknown-signer',
    message: /^image "localhost\/app" \(sha256:\w+\) has 1 signature, and no cosign key/,
    hint: /rkt trust --prefix "localhost\/app" PUBKEY/,
  });
  await trust('localhost/app', key);
  assert.equal(box.store.get(await find(`oci:${directory}`))!.name, 'localhost/app');
});

test('findImage, oci: whose signature names another repository, only where its key is trusted for that too', { skip }, async () => {
  const directory = write(app, signatures(sign(key, signingPayload(digest, 'origin.example.com/app'))));
  await trust('quay.io', key);
  await assert.rejects(find(`oci:${directory}`), { code: 'bad-signature', message: /it is for "origin\.example\.com\/app"/ });
  await trust('origin.example.com', key);
  await find(`oci:${directory}`);
});

test('findImage, oci: as "cosign save" writes it, held without a name being asked for', { skip }, async () => {
  const kind = (each: OciImage, what: string): LayoutEntry => ({ image: each, more: { annotations: { kind: `dev.cosignproject.cosign/${what}` } } });
  await trust('localhost', key);
  const attestations = tagSignatures([sign(other, Buffer.from('{}'))]);
  await find(`oci:${write(kind(image, 'image'), kind(tagSignatures([sign()]), 'sigs'), kind(attestations, 'atts'))}`);
});

test('findImage, oci: with a bundle that refers to it, held however index.json lists it', { skip }, async () => {
  await trust('quay.io', key);
  const referrer = bundleReferrer(image.manifest, keyBundle(key, signStatement(digest)));
  const { length: size } = referrer.manifest;
  const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [
    { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(referrer.manifest), size, artifactType: BUNDLE },
  ] }));
  const listed: OciImage = { ...referrer, manifest: list, mediaType: MEDIA_TYPES.ociIndex, blobs: new Map([...referrer.blobs, [digestOf(referrer.manifest), referrer.manifest]]) };
  for (const entry of [{ image: referrer, more: { artifactType: BUNDLE } }, { image: referrer }, named(listed, digest.replace(':', '-'))]) {
    const id = await find(`oci:${write(app, entry)}`);
    assert.equal(await checkEvidence(id, box.context()), 'signed');
    box.store.remove(id);
  }
});

test('findImage, oci-archive: with a keyless bundle, held by the trusted identity and by no other', { skip }, async () => {
  await using sigstore = await Sigstore.start();
  const root = box.path('trusted_root.json');
  writeFileSync(root, JSON.stringify(sigstore.trustedRoot));
  const bundle = await sigstore.signStatement('builder@example.com', signStatement(digest));
  const directory = write(app, { image: bundleReferrer(image.manifest, bundle), more: { artifactType: BUNDLE } });
  const believe = (identity: string) =>
    trustKeys({ prefix: NAME, keys: [], sigstore: { root, identity, issuer: ISSUER }, skipFingerprintReview: true, print: () => {} }, box.context());
  await believe('other@example.com');
  await assert.rejects(find(`oci-archive:${packLayout(directory)}`), { code: 'bad-signature', message: /it is by "builder@example\.com"/ });
  await believe('builder@example.com');
  const id = await find(`oci-archive:${packLayout(directory)}`);
  assert.equal(await checkEvidence(id, box.context(), { thorough: true }), 'signed');
});

const refused: readonly (readonly [string, () => LayoutEntry[], string, RegExp])[] = [
  ['none', () => [], 'no-signature', /^image "quay\.io\/team\/app" \(sha256:\w+\) has no signature$/],
  ['one by a key that is not trusted', () => [signatures(sign(other))], 'unknown-signer', /none of the trusted keys/],
  ['one over something else', () => [signatures(sign(key, signingPayload(`sha256:${'0'.repeat(64)}`)))], 'bad-signature', /it is over something else: sha256:000/],
  ['one that is truncated', () => [signatures({ ...sign(), signature: sign().signature.subarray(0, 20) })], 'unknown-signer', /none of the trusted keys/],
  ['one for another image', () => [named(tagSignatures([sign()]), signatureTag(`sha256:${'1'.repeat(64)}`))], 'no-signature', /has no signature$/],
  ['a bundle of another kind', () => [{ image: bundleReferrer(image.manifest, keyBundle(key, signStatement(digest, 'https://spdx.dev/Document'))) }], 'bad-signature', /no image signature but a statement/],
];

for (const [what, entries, code, message] of refused) {
  test(`findImage, oci: with ${what} for a signature, refused and nothing held`, { skip }, async () => {
    await trust('quay.io', key);
    await assert.rejects(find(`oci:${write(app, ...entries())}`), { code, message });
    assert.deepEqual(box.store.list(), []);
  });
}

test('findImage, oci: with a good signature among bad ones, held and the bad ones told', { skip }, async () => {
  await trust('quay.io', key);
  await find(`oci:${write(app, signatures(sign(other), sign(key, signingPayload(`sha256:${'1'.repeat(64)}`)), sign()))}`);
  assert.equal(box.lines.filter((line) => line.includes('ignoring a signature that is not good')).length, 2);
});

test('findImage, oci: whose signature blob was changed or is missing, refused saying so', { skip }, async () => {
  await trust('quay.io', key);
  const { payload } = sign();
  const blob = `blobs/sha256/${digestHex(digestOf(payload))}`;
  for (const [bytes, message] of [[Buffer.alloc(payload.length, '{'), /does not have that digest/], [undefined, /is missing/]] as const) {
    const files = layoutFiles(app, signatures(sign()));
    if (bytes === undefined) files.delete(blob);
    else files.set(blob, bytes);
    await assert.rejects(find(`oci:${writeLayout(box, files)}`), { code: 'bad-signature', message });
  }
});

test('findImage, docker-archive:, says that it cannot carry signatures and what can', { skip }, async () => {
  const path = box.path('saved.tar');
  writeFileSync(path, '');
  await assert.rejects(find(`docker-archive:${path}`), {
    code: 'no-signature',
    message: `${path}: a docker archive cannot carry signatures`,
    hint: /OCI layout with its signature beside it .*; --insecure-options=image goes without/,
  });
});

test('openRegularFile, by an archive that is a pipe or a device, refused without waiting', { skip }, async () => {
  await assert.rejects(find('oci-archive:/dev/null'), { code: 'file-unreadable', message: 'open /dev/null: not a regular file' });
});
