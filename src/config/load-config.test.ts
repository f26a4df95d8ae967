import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ConfigError, loadConfig, renderConfig } from './index.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rkt-config-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const v1 = (rktKind: string, rest: object) => JSON.stringify({ rktKind, rktVersion: 'v1', ...rest });
const basic = (domain: string, user: string, password = 'secret') =>
  v1('auth', { domains: [domain], type: 'basic', credentials: { user, password } });

function put(path: string, text: string): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

const load = () =>
  loadConfig({ systemDir: join(root, 'system'), localDir: join(root, 'local'), userDir: join(root, 'user') });

test('loadConfig, no directories, empty', () => {
  const config = load();
  assert.deepEqual(config.paths, {});
  assert.equal(config.stage1, undefined);
  assert.deepEqual(config.authHeaders(new URL('https://example.com/')), {});
  assert.equal(config.dockerCredentials('quay.io'), undefined);
});

test('loadConfig, same domain in three directories, the last wins', () => {
  put('system/auth.d/a.json', basic('a.com', 'system'));
  put('system/auth.d/b.json', basic('b.com', 'system'));
  put('local/auth.d/other.json', basic('a.com', 'local'));
  put('user/auth.d/a.json', basic('a.com', 'user'));
  const config = load();
  assert.deepEqual(config.authHeaders(new URL('https://a.com/x')), {
    authorization: `Basic ${Buffer.from('user:secret').toString('base64')}`,
  });
  assert.match(config.authHeaders(new URL('https://b.com'))['authorization']!, /^Basic /);
});

test('authHeaders, plain http or another port, none', () => {
  put('local/auth.d/a.json', basic('a.com', 'u'));
  const config = load();
  assert.deepEqual(config.authHeaders(new URL('http://a.com/')), {});
  assert.deepEqual(config.authHeaders(new URL('https://a.com:8443/')), {});
});

test('authHeaders, oauth, a bearer token', () => {
  put('local/auth.d/a.json', v1('auth', { domains: ['a.com:8443'], type: 'oauth', credentials: { token: 'sometoken' } }));
  assert.deepEqual(load().authHeaders(new URL('https://a.com:8443/')), { authorization: 'Bearer sometoken' });
});

test('authHeaders, aws, signed for the method and the date', () => {
  const credentials = { accessKeyID: 'id', secretAccessKey: 'key', awsRegion: 'eu-west-1' };
  put('local/auth.d/a.json', v1('auth', { domains: ['a.com'], type: 'aws', credentials }));
  const date = new Date('2020-01-02T03:04:05Z');
  const sign = (method: string) => load().authHeaders(new URL('https://a.com/x'), { method, date });
  assert.match(sign('GET')['authorization']!, /^AWS4-HMAC-SHA256 Credential=id\/20200102\/eu-west-1\/s3\/aws4_request, /);
  assert.notEqual(sign('GET')['authorization'], sign('HEAD')['authorization']);
  assert.deepEqual(load().authHeaders(new URL('http://a.com/x')), {});
});

test('loadConfig, registry, all its fields, and later directories before earlier ones', () => {
  put('system/registries.d/r.json', v1('registry', { registries: ['docker.io', 'quay.io'], insecure: ['http'] }));
  const mirrors = ['mirror.local:5000/hub', '[::1]:5000'];
  put('local/registries.d/r.json', v1('registry', { registries: ['docker.io'], mirrors, insecure: ['tls'], caFile: '/ca.pem' }));
  const { registries } = load();
  assert.deepEqual(registries.get('docker.io'), { mirrors, http: false, tls: true, caFile: '/ca.pem' });
  assert.deepEqual(registries.get('quay.io'), { mirrors: [], http: true, tls: false, caFile: undefined });
  const { stage0 } = JSON.parse(renderConfig(load())) as { stage0: { rktKind: string }[] };
  assert.deepEqual(stage0.filter(({ rktKind }) => rktKind === 'registry'), [
    { rktVersion: 'v1', rktKind: 'registry', registries: ['docker.io'], mirrors, insecure: ['tls'], caFile: '/ca.pem' },
    { rktVersion: 'v1', rktKind: 'registry', registries: ['quay.io'], mirrors: [], insecure: ['http'], caFile: '' },
  ]);
});

test('loadConfig, other names, links and sub-directories, ignored', () => {
  put('local/auth.d/README', 'no json');
  put('local/auth.d/x.notjson', 'no json');
  put('local/auth.d/sub.json/x.json', 'no json');
  put('elsewhere.json', basic('a.com', 'u'));
  symlinkSync(join(root, 'elsewhere.json'), join(root, 'local/auth.d/link.json'));
  assert.equal(load().auth.size, 0);
});

test('loadConfig, paths of two directories, merged field by field', () => {
  put('system/paths.d/p.json', v1('paths', { data: '/sys', 'stage1-images': '/images' }));
  put('user/paths.d/p.json', v1('paths', { data: '/user' }));
  assert.deepEqual(load().paths, { data: '/user', stage1Images: '/images' });
});

test('loadConfig, stage1 name and location in two files, both kept', () => {
  put('local/stage1.d/n.json', v1('stage1', { name: 'example.com/s1', version: '1.0' }));
  put('local/stage1.d/l.json', v1('stage1', { location: 'docker://example.com/s1' }));
  assert.deepEqual(load().stage1, { name: 'example.com/s1', version: '1.0', location: 'docker://example.com/s1' });
});

const refusals: [string, Record<string, string>, RegExp][] = [
  ['no kind', { 'auth.d/a.json': '{"rktVersion":"v1"}' }, /no rktKind specified in ".*a\.json"/],
  ['no version', { 'auth.d/a.json': '{"rktKind":"auth"}' }, /no rktVersion specified/],
  ['another version', { 'auth.d/a.json': '{"rktKind":"auth","rktVersion":"v2"}' }, /version "v2"/],
  ['kind of another directory', { 'auth.d/a.json': v1('paths', {}) }, /has kind "paths"/],
  ['a name of Object.prototype as kind', { 'auth.d/a.json': v1('constructor', {}) }, /has kind "constructor"/],
  ['not JSON', { 'auth.d/a.json': '{"password": "hunter2' }, /^(?!.*hunter2).*is not JSON/],
  ['duplicate domain', { 'auth.d/a.json': basic('a.com', 'u'), 'auth.d/b.json': basic('a.com', 'v') }, /already specified/],
  ['no domains', { 'auth.d/a.json': v1('auth', { type: 'basic' }) }, /no domains specified/],
  ['unknown type', { 'auth.d/a.json': v1('auth', { domains: ['a'], type: 'x' }) }, /unknown auth type: "x"/],
  ['no password', { 'auth.d/a.json': v1('dockerAuth', { registries: ['a'], credentials: { user: 'u' } }) }, /password not/],
  ['relative data', { 'paths.d/a.json': v1('paths', { data: 'x' }) }, /data directory must be an absolute path/],
  ['two data', { 'paths.d/a.json': v1('paths', { data: '/x' }), 'paths.d/b.json': v1('paths', { data: '/x' }) }, /already/],
  ['stage1 without version', { 'stage1.d/a.json': v1('stage1', { name: 'x' }) }, /version is missing/],
  [
    'stage1 with a relative location',
    { 'stage1.d/a.json': v1('stage1', { location: 'x.aci' }) },
    /default stage1 image location is either a relative path or a URL without scheme/,
  ],
  ['stage1 with another scheme', { 'stage1.d/a.json': v1('stage1', { location: 'ftp://x' }) }, /invalid scheme "ftp"/],
  ['registry without registries', { 'registries.d/a.json': v1('registry', {}) }, /no registries specified/],
  ['registry with a path', { 'registries.d/a.json': v1('registry', { registries: ['a/b'] }) }, /"a\/b" is not a registry/],
  ['mirror with a scheme', { 'registries.d/a.json': v1('registry', { registries: ['a'], mirrors: ['https://b'] }) }, /is not a mirror/],
  ['mirror that climbs', { 'registries.d/a.json': v1('registry', { registries: ['a'], mirrors: ['b/c/../d'] }) }, /is not a mirror/],
  ['registry with another insecurity', { 'registries.d/a.json': v1('registry', { registries: ['a'], insecure: ['x'] }) }, /insecure option "x"/],
  ['registry with a relative caFile', { 'registries.d/a.json': v1('registry', { registries: ['a'], caFile: 'x' }) }, /caFile must be/],
  ['a file for a directory', { 'auth.d': 'x' }, /expected ".*auth\.d" to be a directory/],
];

for (const [what, files, text] of refusals) {
  test(`loadConfig, ${what}, refused`, () => {
    for (const [path, content] of Object.entries(files)) put(`local/${path}`, content);
    assert.throws(load, (error) => error instanceof ConfigError && text.test(error.message));
  });
}

test('renderConfig, empty, paths and stage1 with empty values', () => {
  assert.equal(
    renderConfig(load()),
    '{"stage0":[{"rktVersion":"v1","rktKind":"paths","data":"","stage1-images":""},' +
      '{"rktVersion":"v1","rktKind":"stage1","name":"","version":"","location":""}]}',
  );
});

test('renderConfig, a file of two registries, one entry each', () => {
  put('local/auth.d/d.json', v1('dockerAuth', { registries: ['x', 'y'], credentials: { user: 'u', password: 'p' } }));
  const { stage0 } = JSON.parse(renderConfig(load(), { indent: '\t' })) as { stage0: { registries?: string[] }[] };
  assert.deepEqual(stage0.slice(0, 2).map((entry) => entry.registries), [['x'], ['y']]);
});

test('loadConfig, kind trust, the last directory wins and what is on is shown', () => {
  assert.deepEqual(load().trust, { requireEvidence: false, allowLegacyPgp: false });
  put('system/trust.d/a.json', v1('trust', { requireEvidence: true, allowLegacyPgp: true }));
  put('local/trust.d/a.json', v1('trust', { allowLegacyPgp: false }));
  const config = load();
  assert.deepEqual(config.trust, { requireEvidence: true, allowLegacyPgp: false });
  assert.match(renderConfig(config), /\{"rktVersion":"v1","rktKind":"trust","requireEvidence":true\}/);
});

test('loadConfig, kind trust said twice or no boolean, refused', () => {
  put('local/trust.d/a.json', v1('trust', { requireEvidence: 'yes' }));
  assert.throws(load, /"requireEvidence" is neither true nor false/);
  put('local/trust.d/a.json', v1('trust', { requireEvidence: true }));
  put('local/trust.d/b.json', v1('trust', { requireEvidence: false }));
  assert.throws(load, { code: 'duplicate' });
});
