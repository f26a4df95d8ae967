import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Gpg } from '../testing/gpg.ts';
import { Sandbox } from '../testing/sandbox.ts';
import { WebServer } from '../testing/web-server.ts';
import { trustKeys } from './trust-keys.ts';

let gpg: Gpg;
let fingerprint: string;
let box: Sandbox;
let file: string;
let printed: string[];

before(() => {
  gpg = new Gpg();
  fingerprint = gpg.makeKey('owner@example.com');
});
after(() => gpg[Symbol.dispose]());
beforeEach(() => {
  box = new Sandbox();
  file = box.path('key.asc');
  writeFileSync(file, gpg.publicKey(fingerprint));
  printed = [];
});
afterEach(() => box[Symbol.dispose]());

const print = (line: string) => void printed.push(line);
const answering = (answer: boolean) => ({ ...box.context(), confirm: async (text: string) => (print(text), answer) });

test('trustKeys, prefix and yes, in prefix.d in the words of rkt', async () => {
  const [trusted] = await trustKeys({ prefix: 'example.com/app', keys: [file], print }, answering(true));
  const path = box.path(`local/trustedkeys/prefix.d/example.com/app/${fingerprint}`);
  assert.deepEqual(trusted, { location: file, fingerprint, path });
  const groups = fingerprint.toUpperCase().match(/.{4}/g)!;
  assert.deepEqual(printed, [
    `gpg key fingerprint is: ${groups.slice(0, 5).join(' ')}  ${groups.slice(5).join(' ')}`,
    '\tTest <owner@example.com>',
    'Are you sure you want to trust this key',
    `Trusting "${file}" for prefix "example.com/app" after fingerprint review.`,
    `Added key for prefix "example.com/app" at "${path}"`,
  ]);
  assert.match(readFileSync(path, 'utf8'), /BEGIN PGP PUBLIC KEY/);
});

test('trustKeys, no prefix, in root.d', async () => {
  await trustKeys({ keys: [file], print, skipFingerprintReview: true }, box.context());
  const path = box.path(`local/trustedkeys/root.d/${fingerprint}`);
  assert.ok(existsSync(path));
  assert.deepEqual(printed.slice(-2), [
    `Trusting "${file}" for prefix "" without fingerprint review.`,
    `Added root key at "${path}"`,
  ]);
});

test('trustKeys, answer no, nothing is trusted', async () => {
  assert.deepEqual(await trustKeys({ prefix: 'a.com', keys: [file], print }, answering(false)), []);
  assert.ok(!existsSync(box.path('local/trustedkeys')));
});

test('trustKeys, nobody to ask, refused', async () => {
  await assert.rejects(trustKeys({ prefix: 'a.com', keys: [file], print }, box.context()), {
    code: 'key-not-accepted',
    message: /lack of tty/,
  });
});

test('trustKeys, URL over http, only where it is allowed', async () => {
  await using server = await WebServer.start((_, response) => response.end(gpg.publicKey(fingerprint)));
  const request = { prefix: 'a.com', keys: [`${server.origin}/key`], print };
  await assert.rejects(trustKeys(request, answering(true)), { message: '--insecure-allow-http required for http URLs' });
  assert.equal((await trustKeys({ ...request, allowHttp: true }, answering(true))).length, 1);
});

test('trustKeys, key from a server that sends it in two pieces, whole', async () => {
  const key = gpg.publicKey(fingerprint);
  await using server = await WebServer.start((_, response) => {
    response.write(key.slice(0, 100));
    setTimeout(() => response.end(key.slice(100)), 300);
  });
  const [trusted] = await trustKeys({ keys: [`${server.origin}/key`], allowHttp: true, skipFingerprintReview: true, print }, box.context());
  assert.equal(trusted!.fingerprint, fingerprint);
});

test('trustKeys, key from https and --trust-keys-from-https, trusted without a question', async () => {
  await using server = await WebServer.startSecure(box.root, (_, response) => response.end(gpg.publicKey(fingerprint)));
  const ctx = { ...box.context('tls'), trustKeysFromHttps: true };
  assert.equal((await trustKeys({ prefix: 'a.com', keys: [`${server.origin}/key`], print }, ctx)).length, 1);
});

test('trustKeys, file that is missing, no key, or a private key, refused', async () => {
  const ctx = answering(true);
  await assert.rejects(trustKeys({ keys: ['/nonexistent'], print }, ctx), {
    message: 'open /nonexistent: no such file or directory',
  });
  writeFileSync(file, 'hello');
  await assert.rejects(trustKeys({ keys: [file], print }, ctx), { code: 'bad-key' });
  writeFileSync(file, gpg.run('--armor', '--export-secret-keys', fingerprint));
  await assert.rejects(trustKeys({ keys: [file], print }, ctx), /holds a private key/);
});

test('trustKeys, prefix with a scheme, no key, or a strange prefix, refused', async () => {
  const ctx = answering(true);
  await assert.rejects(trustKeys({ prefix: 'https://a.com', keys: [file], print }, ctx), /omit https:\/\//);
  await assert.rejects(trustKeys({ prefix: '127.0.0.1', keys: [], print }, ctx), { code: 'no-discovery' });
  await assert.rejects(trustKeys({ prefix: 'a.com/../../x', keys: [file], print }, ctx), { code: 'bad-key' });
});
