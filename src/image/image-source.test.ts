import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseImageSource } from './image-source.ts';
import { parseInsecureOptions, renderInsecureOptions } from './insecure-options.ts';

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

test('parseInsecureOptions, lists and groups, what they switch off', () => {
  const render = (...values: string[]) => renderInsecureOptions(parseInsecureOptions(values));
  assert.equal(render(), 'none');
  assert.equal(render('none', 'ondisk'), 'none');
  assert.equal(render('image,http', 'seccomp'), 'image,http,seccomp');
  assert.equal(render('all-fetch'), 'image,tls,http,pubkey');
  assert.equal(render('all-run'), 'capabilities,paths,seccomp');
  assert.equal(render('all'), 'image,tls,http,pubkey,capabilities,paths,seccomp');
});

test('parseInsecureOptions, unknown word, refused with the words there are', () => {
  for (const word of ['bogus', 'constructor']) {
    assert.throws(() => parseInsecureOptions([word]), { code: 'bad-insecure-option', hint: /none, image, tls/ });
  }
});
