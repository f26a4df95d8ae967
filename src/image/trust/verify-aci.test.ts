import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcIdentifier, parseAcIdentifier } from '#appc';
import { Gpg } from '../testing/gpg.ts';
import { type Keystore, openKeystore } from './keystore.ts';
import { verifyAci } from './verify-aci.ts';

const NAME = parseAcIdentifier('example.com/team/app');
const UNKNOWN = { code: 'unknown-signer', message: 'openpgp: signature made by unknown entity' };

let gpg: Gpg;
let good: string;
let other: string;
let root: string;
let file: string;
let keystore: Keystore;

before(() => {
  gpg = new Gpg();
  good = gpg.makeKey('good@example.com');
  other = gpg.makeKey('other@example.com');
});
after(() => gpg[Symbol.dispose]());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rkt-trust-'));
  file = join(root, 'image.aci');
  writeFileSync(file, Buffer.alloc(3 << 20, 'content '));
  keystore = openKeystore({ systemDir: join(root, 'system'), localDir: join(root, 'local') });
});
afterEach(() => rmSync(root, { recursive: true }));

const trust = (prefix: string | undefined, fingerprint: string): string =>
  keystore.add(prefix as AcIdentifier | undefined, fingerprint, gpg.publicKey(fingerprint));
const verify = (signature: Buffer, name = NAME) => verifyAci(file, signature, name, keystore);

test('verifyAci, signed by a key of the exact name, its signer', async () => {
  trust(NAME, good);
  const { signers } = await verify(gpg.sign(good, file));
  assert.deepEqual(signers, [{ fingerprint: good, identities: ['Test <good@example.com>'] }]);
});

test('verifyAci, binary signature, accepted', async () => {
  trust('example.com', good);
  await verify(gpg.sign(good, file, '--no-armor'));
});

test('verifyAci, key of a parent prefix or of the root, accepted', async () => {
  const path = trust('example.com/team', good);
  await verify(gpg.sign(good, file));
  rmSync(path);
  trust(undefined, good);
  await verify(gpg.sign(good, file));
});

test('verifyAci, no key, unknown entity', async () => {
  await assert.rejects(verify(gpg.sign(good, file)), UNKNOWN);
});

test('verifyAci, key of another name or of a name that only begins alike, unknown entity', async () => {
  trust('wrong.com/team/app', good);
  trust('example.com/te', good);
  trust('example.com/team/app/below', good);
  await assert.rejects(verify(gpg.sign(good, file)), UNKNOWN);
});

test('verifyAci, other key trusted, unknown entity', async () => {
  trust(NAME, other);
  await assert.rejects(verify(gpg.sign(good, file)), UNKNOWN);
});

test('verifyAci, two signatures and one key trusted, accepted', async () => {
  trust(NAME, other);
  const both = Buffer.concat([gpg.sign(good, file, '--no-armor'), gpg.sign(other, file, '--no-armor')]);
  assert.deepEqual((await verify(both)).signers.map(({ fingerprint }) => fingerprint), [other]);
});

test('verifyAci, another file, bad signature', async () => {
  trust(NAME, good);
  const signature = gpg.sign(good, file);
  writeFileSync(file, 'something else');
  await assert.rejects(verify(signature), { code: 'bad-signature', message: /^openpgp: invalid signature/ });
});

test('verifyAci, truncated file, bad signature', async () => {
  trust(NAME, good);
  const signature = gpg.sign(good, file);
  writeFileSync(file, Buffer.alloc((3 << 20) - 1, 'content '));
  await assert.rejects(verify(signature), { code: 'bad-signature' });
});

test('verifyAci, truncated signature or none in the file, bad signature', async () => {
  trust(NAME, good);
  const signature = gpg.sign(good, file);
  await assert.rejects(verify(signature.subarray(0, signature.length / 2)), { code: 'bad-signature' });
  await assert.rejects(verify(Buffer.from('hello')), { code: 'bad-signature' });
  await assert.rejects(verify(Buffer.alloc(0)), { code: 'bad-signature' });
});

test('verifyAci, signature over text instead of bytes, bad signature', async () => {
  trust(NAME, good);
  writeFileSync(file, 'a short line\n');
  await assert.rejects(verify(gpg.sign(good, file, '--armor', '--textmode')), { code: 'bad-signature' });
});

test('verifyAci, signature that expired, bad signature', async () => {
  trust(NAME, good);
  const signature = gpg.sign(good, file, '--armor', '--default-sig-expire', 'seconds=1');
  await sleep(2100);
  await assert.rejects(verify(signature), { code: 'bad-signature', message: /expired/ });
});

test('verifyAci, key that expired after it signed, bad signature', async () => {
  const short = gpg.makeKey('short@example.com', 'seconds=2');
  trust(NAME, short);
  const signature = gpg.sign(short, file);
  await verify(signature);
  await sleep(2600);
  await assert.rejects(verify(signature), { code: 'bad-signature', message: /expired/ });
});

test('verifyAci, key that was revoked after it signed, bad signature', async () => {
  const revoked = gpg.makeKey('revoked@example.com');
  const signature = gpg.sign(revoked, file);
  gpg.revoke(revoked);
  trust(NAME, revoked);
  await assert.rejects(verify(signature), { code: 'bad-signature', message: /revoked/ });
});

test('verifyAci, hash of the signature broken (SHA-1), bad signature', async () => {
  const rsa = gpg.makeKey('rsa@example.com', 'never', 'rsa2048');
  trust(NAME, rsa);
  await assert.rejects(verify(gpg.sign(rsa, file, '--armor', '--digest-algo', 'SHA1')), { code: 'bad-signature' });
  await verify(gpg.sign(rsa, file));
});

test('verifyAci, key of the system masked by an empty local file, unknown entity', async () => {
  const directory = join(root, 'system/trustedkeys/root.d');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, good), gpg.publicKey(good));
  await verify(gpg.sign(good, file));
  keystore.mask(undefined, good);
  await assert.rejects(verify(gpg.sign(good, file)), UNKNOWN);
});

test('verifyAci, root key masked for one name, still good for others', async () => {
  trust(undefined, good);
  keystore.mask('example.com/team' as AcIdentifier, good);
  const signature = gpg.sign(good, file);
  await assert.rejects(verify(signature), UNKNOWN);
  await verify(signature, parseAcIdentifier('example.com/other'));
});

test('verifyAci, key file named after another key, bad key', async () => {
  keystore.add(undefined, good, gpg.publicKey(other));
  await assert.rejects(verify(gpg.sign(good, file)), { code: 'bad-key', message: /fingerprint mismatch/ });
});

test('keysFor, name that climbs out of prefix.d, refused', () => {
  assert.throws(() => keystore.keysFor('example.com/../../root.d' as AcIdentifier), { code: 'bad-key' });
});

test('verifyAci, keys and signatures of old strength, only where the configuration allows them', async () => {
  const dsa = gpg.makeKey('dsa@example.com', 'never', 'dsa2048');
  const rsa = gpg.makeKey('old@example.com', 'never', 'rsa2048');
  for (const [key, ...options] of [[dsa], [rsa, '--armor', '--digest-algo', 'SHA1']] as [string, ...string[]][]) {
    trust(NAME, key);
    const signature = gpg.sign(key, file, ...options);
    await assert.rejects(verify(signature), { code: 'bad-signature' });
    const { signers } = await verifyAci(file, signature, NAME, keystore, { allowLegacy: true });
    assert.deepEqual(signers.map(({ fingerprint }) => fingerprint), [key]);
    writeFileSync(file, `something else ${key}`);
    await assert.rejects(verifyAci(file, signature, NAME, keystore, { allowLegacy: true }), { code: 'bad-signature' });
  }
});

test('verifyAci, a good and a bad signature by trusted keys, good and the bad one told', async () => {
  trust(NAME, good);
  trust(NAME, other);
  const bad = gpg.sign(other, file, '--no-armor');
  writeFileSync(file, 'something else');
  const { problems, signers } = await verify(Buffer.concat([bad, gpg.sign(good, file, '--no-armor')]));
  assert.deepEqual(signers.map(({ fingerprint }) => fingerprint), [good]);
  assert.equal(problems.length, 1);
});
