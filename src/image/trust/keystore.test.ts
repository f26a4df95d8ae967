import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { AcIdentifier } from '#appc';
import { type Keystore, openKeystore } from './keystore.ts';
import { listTrusted } from './list-trusted.ts';
import { untrustKey } from './untrust-key.ts';

const PGP = 'a'.repeat(40);
const PEM = `${'b'.repeat(64)}.pem`;
const PREFIX = 'example.com/team' as AcIdentifier;

let root: string;
let keystore: Keystore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rkt-keystore-'));
  keystore = openKeystore({ systemDir: join(root, 'system'), localDir: join(root, 'local') });
});
afterEach(() => rmSync(root, { recursive: true }));

function putSystemKey(fileName: string, place: string): string {
  const directory = join(root, 'system/trustedkeys', place);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, fileName), 'key');
  return join(directory, fileName);
}

test('list, root and prefixes of both places, in order with their kinds', () => {
  putSystemKey(PGP, 'root.d');
  keystore.add(PREFIX, PEM, 'key');
  writeFileSync(join(root, 'local/trustedkeys/prefix.d/example.com/README'), 'no key');
  assert.deepEqual(
    keystore.list().map(({ kind, prefix, state, where }) => [prefix, kind, where, state]),
    [[undefined, 'pgp', 'system', 'trusted'], [PREFIX, 'cosign', 'local', 'trusted']],
  );
});

test('list, masks beside a key and above it, told apart', () => {
  putSystemKey(PGP, 'root.d');
  keystore.mask(PREFIX, PGP);
  assert.deepEqual(keystore.list().map(({ state }) => state), ['trusted', 'mask']);
  keystore.mask(undefined, PGP);
  assert.deepEqual(keystore.list().map(({ state }) => state), ['masked', 'mask']);
});

test('listTrusted, a key that cannot be read, listed with the reason', async () => {
  keystore.add(PREFIX, PEM, 'nonsense');
  const [entry] = await listTrusted(keystore);
  assert.match(entry!.signer, /^\(.*holds no public key/);
});

test('add, the same again, leaves the file as it is', () => {
  const path = keystore.add(PREFIX, PEM, 'key');
  rmSync(path);
  writeFileSync(path, 'key');
  assert.equal(keystore.add(PREFIX, PEM, 'key'), path);
  assert.equal(readFileSync(path, 'utf8'), 'key');
});

test('untrustKey, local key, its file goes; again, nothing to do', () => {
  const path = keystore.add(PREFIX, PEM, 'key');
  const fingerprint = `SHA256:${'BBBB '.repeat(16)}`;
  assert.deepEqual(untrustKey({ fingerprint }, keystore), [{ prefix: PREFIX, path, outcome: 'removed' }]);
  assert.ok(!existsSync(path));
  assert.deepEqual(untrustKey({ fingerprint }, keystore), []);
});

test('untrustKey, key of the system, masked for its prefix', () => {
  putSystemKey(PGP, 'root.d');
  const local = keystore.add(undefined, PGP, 'key');
  assert.deepEqual(untrustKey({ fingerprint: PGP }, keystore).map(({ outcome }) => outcome), ['removed', 'masked']);
  assert.equal(readFileSync(local, 'utf8'), '');
  assert.equal(keystore.keysFor(PREFIX).size, 0);
  assert.deepEqual(untrustKey({ fingerprint: PGP }, keystore), []);
});

test('untrustKey, one prefix or the root only, leaves the others', () => {
  keystore.add(undefined, PGP, 'key');
  keystore.add(PREFIX, PGP, 'key');
  assert.equal(untrustKey({ fingerprint: PGP, only: { prefix: 'example.com' } }, keystore).length, 0);
  assert.equal(untrustKey({ fingerprint: PGP, only: 'root' }, keystore)[0]!.prefix, undefined);
  assert.equal(untrustKey({ fingerprint: PGP, only: { prefix: PREFIX } }, keystore)[0]!.prefix, PREFIX);
});

test('untrustKey, part of a fingerprint, refused', () => {
  assert.throws(() => untrustKey({ fingerprint: 'abcd' }, keystore), { code: 'bad-key', message: '"abcd" is no fingerprint' });
});
