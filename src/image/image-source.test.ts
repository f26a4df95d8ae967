import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseImageSource } from './image-source.ts';

let directory: string;
const home = process.cwd();
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'rkt-source-'));
  process.chdir(directory);
  mkdirSync('coreos.com/rkt', { recursive: true });
  for (const name of ['afile', 'example.com:1', 'coreos.com/rkt/stage1']) writeFileSync(name, '');
});
after(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

const kinds: [string, string][] = [
  ['sha512-ab', 'hash'],
  ['docker://busybox', 'docker'],
  ['docker:busybox', 'docker'],
  ['https://example.com/x.aci', 'url'],
  ['http://example.com/x.aci?a=b', 'url'],
  ['file:///x.aci', 'file'],
  ['/absolute', 'file'],
  ['./x', 'file'],
  ['../x.y', 'file'],
  ['nonexist.aci', 'file'],
  ['afile', 'file'],
  ['example.com:1', 'file'],
  ['coreos.com/rkt/stage1', 'file'],
  ['coreos.com/rkt', 'name'],
  ['example.com/app', 'name'],
  ['example.com/app:1.0.aci', 'name'],
  ['example.com/app,version=1,os=linux', 'name'],
];
for (const [text, kind] of kinds) {
  test(`parseImageSource, ${text}, ${kind}`, () => assert.equal(parseImageSource(text).kind, kind));
}

test('parseImageSource, URL of no ACI or empty, refused', () => {
  for (const text of ['https://example.com/x', 'file://x', 'http:', '']) assert.throws(() => parseImageSource(text), text);
});
