import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadNetworks } from './load-networks.ts';
import { parseNetList } from './net-list.ts';

function configDir(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-net-conf-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(`${path}/net.d`);
  for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/net.d/${name}`, text);
  return path;
}

const conf = (name: string, type = 'bridge'): string => JSON.stringify({ name, type });

function load(list: string, dir: string, warn?: (text: string) => void): string[] {
  return loadNetworks(parseNetList([list]), dir, warn).map(({ conf, args }) => `${conf.fileName} ${conf.name}:${args}`);
}

test('loadNetworks, no configuration directory, has the two built in', () => {
  assert.deepEqual(load('all', '/nonexistent'), ['99-default-restricted.conf default-restricted:', '99-default.conf default:']);
  assert.deepEqual(load('default:IP=1', '/nonexistent'), ['99-default.conf default:IP=1']);
  assert.deepEqual(load('none', '/nonexistent'), []);
});

test('loadNetworks, user network called default, replaces the built-in one and says so', (t) => {
  const dir = configDir(t, { '10-mine.conf': conf('default', 'macvlan') });
  const warnings: string[] = [];
  assert.deepEqual(load('default', dir, (text) => warnings.push(text)), ['10-mine.conf default:']);
  assert.deepEqual(warnings, [`overriding "default" network with one from ${dir}/net.d`]);
});

test('loadNetworks, several user files, go by file name and the first of a name counts', (t) => {
  const dir = configDir(t, { '20-b.conf': conf('b'), '10-z.conf': conf('z'), '30-b.conf': conf('b', 'x'), 'c.json': '{' });
  const warnings: string[] = [];
  assert.deepEqual(load('b,z:K=V', dir, (text) => warnings.push(text)), ['10-z.conf z:K=V', '20-b.conf b:']);
  assert.deepEqual(warnings, ['"b" network already defined, ignoring 30-b.conf']);
});

test('loadNetworks, networks nobody configured, throws naming them', (t) => {
  const dir = configDir(t, {});
  assert.throws(() => load('default,y,x', dir), { code: 'network-not-found', message: 'networks not found: x, y' });
});

test('loadNetworks, broken and hostile files, throws naming the file', (t) => {
  for (const list of ['{"name":"a"}', '{"name":"a","plugins":[]}', '{"name":"a","plugins":[{}]}']) {
    assert.throws(() => load('a', configDir(t, { 'a.conflist': list })), { code: 'configuration-invalid' });
  }
  for (const text of ['{', '[]', '{"name":"../../x","type":"a"}', '{"name":"a","type":"../../bin/sh"}', '{"name":"a"}']) {
    const dir = configDir(t, { 'a.conf': text });
    assert.throws(() => load('a', dir), { code: 'configuration-invalid', message: /^error loading .*\/net\.d\/a\.conf: / });
  }
});

test('loadNetworks, a file that cannot be read, throws naming it', (t) => {
  const dir = configDir(t, {});
  symlinkSync('/nonexistent', `${dir}/net.d/a.conf`);
  assert.throws(() => load('default', dir), { code: 'configuration-invalid', message: /^error loading .*\/net\.d\/a\.conf: .*no such file/ });
});

test('loadNetworks, a directory, and files of networks nobody asks for that rkt cannot use, do not matter', (t) => {
  const unusable = ['{"name":"a","cniVersion":"9.0.0","type":"b"}', '{"name":"a"}', '{"name":"a","type":"../b"}'];
  const dir = configDir(t, Object.fromEntries(unusable.map((text, index) => [`${index}.conf`, text])));
  mkdirSync(`${dir}/net.d/sub.conf`);
  assert.deepEqual(load('default', dir), ['99-default.conf default:']);
});
