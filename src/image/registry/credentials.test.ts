import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { findCredentials } from './credentials.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rkt-credentials-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const NONE = { dockerCredentials: () => undefined };
const base64 = (text: string) => Buffer.from(text).toString('base64');

function find(registry: string, file: object, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(root, 'config.json'), JSON.stringify(file));
  return findCredentials(registry, NONE, { DOCKER_CONFIG: root, ...env });
}

function helper(name: string, script: string): NodeJS.ProcessEnv {
  const path = join(root, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { PATH: `${root}:/usr/bin:/bin` };
}

test('findCredentials, auth.d and a docker file, auth.d wins', async () => {
  const config = { dockerCredentials: (name: string) => (name === 'quay.io' ? { user: 'rkt', password: 'p' } : undefined) };
  writeFileSync(join(root, 'config.json'), JSON.stringify({ auths: { 'quay.io': { auth: base64('docker:p') } } }));
  const found = await findCredentials('quay.io', config, { DOCKER_CONFIG: root });
  assert.deepEqual(found, { kind: 'basic', user: 'rkt', password: 'p' });
});

test('findCredentials, auths with a colon in the password, split at the first', async () => {
  const found = await find('quay.io', { auths: { 'quay.io': { auth: base64('me:a:b') } } });
  assert.deepEqual(found, { kind: 'basic', user: 'me', password: 'a:b' });
});

test('findCredentials, Docker Hub under its old name, found', async () => {
  const found = await find('registry-1.docker.io', { auths: { 'https://index.docker.io/v1/': { auth: base64('me:p') } } });
  assert.equal(found?.kind, 'basic');
});

test('findCredentials, REGISTRY_AUTH_FILE goes before docker, and an unknown registry has none', async () => {
  const path = join(root, 'auth.json');
  writeFileSync(path, JSON.stringify({ auths: { 'quay.io': { identitytoken: 'tok' } } }));
  const file = { auths: { 'quay.io': { auth: base64('docker:p') } } };
  assert.deepEqual(await find('quay.io', file, { REGISTRY_AUTH_FILE: path }), { kind: 'identity-token', token: 'tok' });
  assert.equal(await find('other.io', file), undefined);
  assert.equal(await find('constructor', file), undefined);
});

test('findCredentials, credHelpers, the helper is told the registry', async () => {
  const env = helper('mine', 'read s; [ "$1" = get ] && echo "{\\"Username\\":\\"u-$s\\",\\"Secret\\":\\"p\\"}"');
  const found = await find('quay.io', { credHelpers: { 'quay.io': 'mine' } }, env);
  assert.deepEqual(found, { kind: 'basic', user: 'u-quay.io', password: 'p' });
});

test('findCredentials, credsStore that gives a token or knows nothing', async () => {
  const token = helper('t', 'echo \'{"Username":"<token>","Secret":"idt"}\'');
  assert.deepEqual(await find('quay.io', { credsStore: 't' }, token), { kind: 'identity-token', token: 'idt' });
  const none = helper('n', 'echo "credentials not found in native keychain"; exit 1');
  assert.equal(await find('quay.io', { credsStore: 'n' }, none), undefined);
});

test('findCredentials, helper that fails, is missing or has a path in its name, refused without its output', async () => {
  const env = helper('bad', 'echo secret; exit 1');
  const rejects = (name: string) =>
    assert.rejects(find('quay.io', { credsStore: name }, env), (error: Error & { code: string }) => {
      return error.code === 'bad-credentials' && !error.message.includes('secret');
    });
  await rejects('bad');
  await rejects('missing');
  await rejects('../../bin/sh');
});

test('findCredentials, values that are no texts, passed over', async () => {
  const entry = { auth: {}, identitytoken: 5, username: [], password: 'p' };
  assert.equal(await find('quay.io', { auths: { 'quay.io': entry }, credsStore: {} }), undefined);
});

test('findCredentials, file that is no JSON or has a bad auth, refused without its content', async () => {
  writeFileSync(join(root, 'config.json'), '{"secret');
  await assert.rejects(findCredentials('quay.io', NONE, { DOCKER_CONFIG: root }), { message: /config\.json is not JSON/ });
  await assert.rejects(find('quay.io', { auths: { 'quay.io': { auth: base64('nocolon') } } }), { code: 'bad-credentials' });
});
