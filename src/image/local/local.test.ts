import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex } from '#oci';
import { runProgramSync } from '#sys';
import { findImage } from '../find-image.ts';
import { layoutFiles, type LayoutFiles, named, packLayout, writeLayout } from '../testing/layout.ts';
import { digestOf, makeImage, makeLayer } from '../testing/oci-image.ts';
import { Sandbox } from '../testing/sandbox.ts';
import { planLocalName } from './local-name.ts';
import { parseLocalSource } from './local-source.ts';

const skip = process.getuid!() === 0 ? false : 'not root';
const image = makeImage([makeLayer('hello', 'hello')], { Cmd: ['/hello'] });
const hex = (bytes: Buffer): string => digestHex(digestOf(bytes));

const fetch = (sandbox: Sandbox, text: string): Promise<string> =>
  findImage(text, { pullPolicy: 'new' }, sandbox.context('image'));

const manifestBlob = `blobs/sha256/${hex(image.manifest)}`;
const layerBlob = `blobs/sha256/${digestHex(image.layers[0]!)}`;

const broken: readonly (readonly [string, (files: LayoutFiles) => void, RegExp])[] = [
  ['no marker', (files) => files.delete('oci-layout'), /not an OCI image layout: .*oci-layout is missing/],
  ['a marker of another version', (files) => files.set('oci-layout', Buffer.from('{"imageLayoutVersion":"2.0"}')), /oci-layout is not that of/],
  ['no index', (files) => files.delete('index.json'), /index\.json is missing/],
  ['a huge index', (files) => files.set('index.json', Buffer.alloc(5 << 20, ' ')), /index\.json is larger than 4194304 bytes/],
  ['an index that is none', (files) => files.set('index.json', image.manifest), /index\.json is not an index/],
  ['no manifest', (files) => files.delete(manifestBlob), /blobs\/sha256\/\w{64} is missing/],
  ['a changed manifest', (files) => files.set(manifestBlob, Buffer.from(image.manifest.toString().replace('2', '3'))), /blob sha256:\w+ does not have that digest/],
  ['a longer manifest', (files) => files.set(manifestBlob, Buffer.concat([image.manifest, Buffer.from(' ')])), /blob sha256:\w+ has \d+ bytes, not \d+/],
  ['a missing layer', (files) => files.delete(layerBlob), /blobs\/sha256\/\w{64} is missing/],
  ['a changed layer', (files) => files.set(layerBlob, Buffer.from(image.blobs.get(image.layers[0]!)!).fill(1, 4, 8)), /layer sha256:\w+ does not have that digest/],
];

for (const [name, change, reason] of broken) {
  test(`findImage, oci: and oci-archive:, ${name}, refused by name and nothing held`, { skip }, async () => {
    using sandbox = new Sandbox();
    const files = layoutFiles({ image });
    change(files);
    const directory = writeLayout(sandbox, files);
    await assert.rejects(fetch(sandbox, `oci:${directory}`), reason);
    await assert.rejects(fetch(sandbox, `oci-archive:${packLayout(directory)}`), reason);
    assert.deepEqual(sandbox.store.list(), []);
  });
}

test('findImage, oci:, a blob that is a symbolic link, refused', { skip }, async () => {
  using sandbox = new Sandbox();
  const directory = writeLayout(sandbox, layoutFiles({ image }));
  renameSync(join(directory, layerBlob), sandbox.path('elsewhere'));
  symlinkSync(sandbox.path('elsewhere'), join(directory, layerBlob));
  await assert.rejects(fetch(sandbox, `oci:${directory}`), /blobs\/sha256\/\w{64} is a symbolic link/);
  await assert.rejects(fetch(sandbox, `oci-archive:${packLayout(directory)}`), /blobs\/sha256\/\w{64} is not a regular file/);
});

test('findImage, oci-archive:, a name that climbs and a name twice, refused by name', { skip }, async () => {
  using sandbox = new Sandbox();
  const directory = writeLayout(sandbox, layoutFiles({ image }));
  await assert.rejects(fetch(sandbox, `oci-archive:${packLayout(directory, '--transform=s,index.json,../index.json,')}`), /"\.\/?\.?\.?\/?.*index\.json": it climbs/);
  packLayout(directory);
  runProgramSync('/bin/tar', ['-C', directory, '-rf', `${directory}.tar`, './index.json']);
  await assert.rejects(fetch(sandbox, `oci-archive:${directory}.tar`), /index\.json": the archive has it twice/);
});

test('findImage, what is not there or no archive, says so', { skip }, async () => {
  using sandbox = new Sandbox();
  writeFileSync(sandbox.path('text'), 'no archive '.repeat(100));
  await assert.rejects(fetch(sandbox, `oci:${sandbox.path('none')}`), /oci-layout is missing/);
  await assert.rejects(fetch(sandbox, `oci-archive:${sandbox.path('none')}`), /none/);
  await assert.rejects(fetch(sandbox, `docker-archive:${sandbox.path('text')}`), { code: 'hostile-archive' });
});

function dockerFiles(change: (manifest: { Config: string; RepoTags: string[]; Layers: string[] }) => void = () => {}): LayoutFiles {
  const layer = makeLayer('hello', 'hello');
  const manifest = { Config: `${hex(image.config)}.json`, RepoTags: ['team/app:1'], Layers: ['one/layer.tar'] };
  change(manifest);
  return new Map([
    ['manifest.json', Buffer.from(JSON.stringify([manifest]))],
    [`${hex(image.config)}.json`, image.config],
    ['one/layer.tar', layer],
  ]);
}

test('findImage, docker-archive: with a layer that is a link to another, followed within the archive only', { skip }, async () => {
  using sandbox = new Sandbox();
  const directory = writeLayout(sandbox, dockerFiles(({ Layers }) => (Layers[0] = 'two/layer.tar')));
  mkdirSync(join(directory, 'two'));
  symlinkSync('../one/layer.tar', join(directory, 'two/layer.tar'));
  const id = await fetch(sandbox, `docker-archive:${packLayout(directory)}`);
  const manifest = sandbox.store.get(sandbox.store.resolve(id))!.manifest;
  assert.equal(manifest.name, 'registry-1.docker.io/team/app');
  rmSync(join(directory, 'two/layer.tar'));
  symlinkSync('/etc/passwd', join(directory, 'two/layer.tar'));
  await assert.rejects(fetch(new Sandbox(), `docker-archive:${packLayout(directory)}`), /two\/layer\.tar is not a regular file/);
});

const brokenDocker: readonly (readonly [string, (files: LayoutFiles) => void, RegExp])[] = [
  ['no manifest', (files) => files.delete('manifest.json'), /manifest\.json is missing/],
  ['a manifest that is no list', (files) => files.set('manifest.json', Buffer.from('{}')), /names no image/],
  ['a malformed manifest', (files) => files.set('manifest.json', Buffer.from('[{"Config":1}]')), /is malformed/],
  ['a changed configuration', (files) => files.set(`${hex(image.config)}.json`, Buffer.from(image.config.toString().replace('hello', 'hallo'))), /does not have that digest/],
  ['another layer', (files) => files.set('one/layer.tar', makeLayer('hello', 'other')), /does not have that digest|diff ID/],
  ['a layer missing', (files) => files.delete('one/layer.tar'), /one\/layer\.tar is missing/],
];

for (const [name, change, reason] of brokenDocker) {
  test(`findImage, docker-archive:, ${name}, refused by name`, { skip }, async () => {
    using sandbox = new Sandbox();
    const files = dockerFiles();
    change(files);
    await assert.rejects(fetch(sandbox, `docker-archive:${packLayout(writeLayout(sandbox, files))}`), reason);
    assert.deepEqual(sandbox.store.list(), []);
  });
}

test('findImage, oci: with several images, by name only', { skip }, async () => {
  using sandbox = new Sandbox();
  const other = makeImage([makeLayer('hello', 'other')]);
  const directory = writeLayout(sandbox, layoutFiles(named(image, 'a'), named(other, 'b')));
  await assert.rejects(fetch(sandbox, `oci:${directory}`), /2 images: there are "a", "b"/);
  assert.notEqual(await fetch(sandbox, `oci:${directory}:a`), await fetch(sandbox, `oci:${directory}:b`));
});

test('parseLocalSource, paths and names, parted at the first colon', () => {
  assert.deepEqual(parseLocalSource('oci:/a/b'), { form: 'oci', path: '/a/b', name: undefined });
  assert.deepEqual(parseLocalSource('docker-archive:a.tar:q.io/a:1'), { form: 'docker-archive', path: 'a.tar', name: 'q.io/a:1' });
  for (const text of ['oci:', 'oci://x', 'oci-archive:a:']) assert.throws(() => parseLocalSource(text), { code: 'bad-image-string' }, text);
});

test('planLocalName, whole references, tags and nothing', () => {
  const plan = (names: string[], path = '/x/My App.tar.gz'): string => planLocalName(names, { path }).originalName;
  assert.equal(plan(['quay.io/a/b:1', '1']), 'quay.io/a/b:1');
  assert.equal(plan(['1.2']), 'localhost/my-app:1.2');
  assert.equal(plan([]), 'localhost/my-app:latest');
  assert.equal(plan(['bad name!'], '/'), 'localhost/image:latest');
});
