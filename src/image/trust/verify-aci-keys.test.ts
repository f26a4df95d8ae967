/** What a person reads of keys and signatures that are not good (any more), subkeys included. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAcIdentifier } from '#appc';
import { Gpg } from '../testing/gpg.ts';
import { type Keystore, openKeystore } from './keystore.ts';
import { verifyAci } from './verify-aci.ts';

const NAME = parseAcIdentifier('example.com/app');
let gpg: Gpg;
let root: string;
let file: string;
let keystore: Keystore;

before(() => {
  gpg = new Gpg();
  root = mkdtempSync(join(tmpdir(), 'rkt-trust-'));
  file = join(root, 'image.aci');
  writeFileSync(file, 'content');
  keystore = openKeystore({ systemDir: join(root, 'system'), localDir: join(root, 'local') });
});
after(() => {
  gpg[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

const trust = (fingerprint: string): string => keystore.add(undefined, fingerprint, gpg.publicKey(fingerprint));
const verify = (signature: Buffer, path = file) => verifyAci(path, signature, NAME, keystore);

test('verifyAci, signed by a subkey, its owner is the signer', async () => {
  const owner = gpg.makeKey('subkey@example.com');
  const subkey = gpg.addSigningSubkey(owner);
  trust(owner);
  const { signers } = await verify(gpg.sign(`${subkey}!`, file));
  assert.deepEqual(signers.map(({ fingerprint }) => fingerprint), [owner]);
});

const cases: readonly (readonly [string, () => Promise<Buffer> | Buffer, { code: string; message: string | RegExp }])[] = [
  ['a key that has expired', async () => {
    const key = gpg.makeKey('expired@example.com', 'seconds=1');
    trust(key);
    const signature = gpg.sign(key, file);
    await sleep(2100);
    return signature;
  }, { code: 'bad-signature', message: 'openpgp: invalid signature: primary key is expired' }],
  ['a key that was revoked', () => {
    const key = gpg.makeKey('revoked@example.com');
    const signature = gpg.sign(key, file);
    gpg.revoke(key);
    trust(key);
    return signature;
  }, { code: 'bad-signature', message: 'openpgp: invalid signature: primary key is revoked' }],
  ['a subkey that was revoked', () => {
    const key = gpg.makeKey('revoked-subkey@example.com');
    const signature = gpg.sign(`${gpg.addSigningSubkey(key)}!`, file);
    gpg.revokeSubkey(key);
    trust(key);
    return signature;
  }, { code: 'bad-signature', message: /^openpgp: invalid signature: .* in key [0-9a-f]{16}: Subkey is revoked$/ }],
  ['a subkey that has expired', async () => {
    const key = gpg.makeKey('expired-subkey@example.com');
    const subkey = gpg.addSigningSubkey(key, 'seconds=1');
    trust(key);
    const signature = gpg.sign(`${subkey}!`, file);
    await sleep(2100);
    return signature;
  }, { code: 'bad-signature', message: /^openpgp: invalid signature: .* in key [0-9a-f]{16}: Subkey is expired$/ }],
  ['a signature over another file', () => {
    const key = gpg.makeKey('other@example.com');
    trust(key);
    const other = join(root, 'other');
    writeFileSync(other, 'other content');
    return gpg.sign(key, other);
  }, { code: 'bad-signature', message: /^openpgp: invalid signature: signed digest did not match$/i }],
  ['a key that nobody trusts', () => gpg.sign(gpg.makeKey('unknown@example.com'), file), { code: 'unknown-signer', message: 'openpgp: signature made by unknown entity' }],
  ['half a signature', () => {
    const key = gpg.makeKey('truncated@example.com');
    trust(key);
    const signature = gpg.sign(key, file, '--no-armor');
    return signature.subarray(0, signature.length / 2);
  }, { code: 'bad-signature', message: 'keystore: no valid signatures found in signature file' }],
];

for (const [what, make, refusal] of cases) {
  test(`verifyAci, ${what}, refused saying so`, async () => {
    await assert.rejects(verify(await make()), refusal);
  });
}
