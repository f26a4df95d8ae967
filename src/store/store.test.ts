import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageId } from '#appc';
import { findProgram } from '#sys';
import { aci, importBytes, importLayered, imageManifest, manifestText, must, named, notRoot, openHere, openTestStore, sha256, version } from './store-fixture.ts';
import { tarOf } from './tar/tar-fixture.ts';
import type { StoredImage } from './types.ts';

test('openStore, nothing held, is empty and makes nothing', (t) => {
  const { store, dataDir } = openHere(t);
  assert.deepEqual(store.list(), []);
  assert.equal(store.get('sha512-00' as ImageId), undefined);
  assert.equal(store.readRemote('https://example.com/a.aci'), undefined);
  assert.deepEqual(store.gcTrees(new Set()), []);
  assert.deepEqual(store.gcImages(new Set(), 0), []);
  store.gcLeftovers(new Set());
  assert.deepEqual(readdirSync(dataDir), []);
});

test('openStore, database of rkt 1.30 there, leaves it alone', async (t) => {
  const { store, dataDir } = openHere(t);
  mkdirSync(join(dataDir, 'cas/db'), { recursive: true });
  writeFileSync(join(dataDir, 'cas/db/ql.db'), '');
  writeFileSync(join(dataDir, 'cas/db/.34a8b4c1ad933745146fdbfef3073706ee571625'), '');
  await importBytes(store, aci('example.com/a', {}));
  assert.equal(store.list().length, 1);
  assert.equal(statSync(join(dataDir, 'cas/db/ql.db')).size, 0);
});

for (const [name, pack] of [
  ['gzip', ['gzip', '-c']],
  ['bzip2', ['bzip2', '-c']],
  ['xz', ['xz', '-c']],
  ['zstd', ['zstd', '-qc']],
] as const) {
  const program = findProgram(pack[0]);
  test(`importAci, compressed by ${name}, has the ID of its uncompressed bytes`, { skip: program === undefined && `${name} is not installed` }, async (t) => {
    const { store, dataDir } = openHere(t);
    const bytes = aci('example.com/a', { file: 'x' });
    const plain = join(dataDir, 'plain.aci');
    writeFileSync(plain, bytes);
    const packed = join(dataDir, 'packed.aci');
    must('sh', '-c', `"$0" ${pack[1]} "$1" > "$2"`, program!, plain, packed);
    const image = await store.importAci(packed);
    const expected = must('sha512sum', plain).slice(0, 64);
    assert.equal(image.id, `sha512-${expected}`);
    assert.deepEqual(readFileSync(store.blobPath(image.id)!), bytes);
    assert.equal(image.size, bytes.length);
  });
}

test('importAci, cut gzip, is refused', async (t) => {
  const { store, dataDir } = openHere(t);
  const { gzipSync } = await import('node:zlib');
  const packed = gzipSync(aci('example.com/a', { file: 'x'.repeat(10_000) }));
  writeFileSync(join(dataDir, 'cut.aci'), packed.subarray(0, packed.length - 20));
  await assert.rejects(store.importAci(join(dataDir, 'cut.aci')), { code: 'hostile-archive' });
});

test('importAci, the same image twice, is held once', async (t) => {
  const { store } = openHere(t);
  const first = await importBytes(store, aci('example.com/a', {}));
  const again = await importBytes(store, aci('example.com/a', {}));
  assert.equal(again.importTime, first.importTime);
  assert.equal(store.list().length, 1);
});

test('readManifestText, image with odd spacing, is as imported', async (t) => {
  const { store } = openHere(t);
  const text = manifestText('example.com/a').replace(',', ' ,\n ');
  const image = await importBytes(store, tarOf({ name: 'manifest', data: text }, { name: 'rootfs', type: '5' }));
  assert.equal(store.readManifestText(image.id), text);
  assert.equal(image.manifest.name, 'example.com/a');
});

test('resolve, prefixes of all kinds, says what rkt says', async (t) => {
  const { store } = openHere(t);
  const images: StoredImage[] = [];
  for (let index = 0; index < 17; index += 1) images.push(await importBytes(store, aci(`example.com/a${index}`, {})));
  const { id } = images[0]!;
  assert.equal(store.resolve(id), id);
  assert.equal(store.resolve(id.slice(0, 30)), id);
  assert.equal(store.resolve(`${id}${'0'.repeat(64)}`), id);
  assert.throws(() => store.resolve('sha512-1'), { message: 'image ID too short' });
  assert.throws(() => store.resolve(`sha512-${'0'.repeat(64)}`), { message: 'no image IDs found' });
  assert.throws(() => store.resolve('sha512-zz'), { message: 'no image IDs found' });
  assert.throws(() => store.resolve('abc'), { code: 'image-id-malformed' });
  const ambiguous = twoWithOnePrefix(images.map((image) => image.id));
  if (ambiguous !== undefined) assert.throws(() => store.resolve(ambiguous), /^.*ambiguous image ID: "sha512-..?"/);
});

function twoWithOnePrefix(ids: readonly string[]): string | undefined {
  const prefixes = ids.map((id) => id.slice(0, 9));
  return prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
}

test('resolve, prefix of two images, is ambiguous', async (t) => {
  const { store, dataDir } = openHere(t);
  await importBytes(store, aci('example.com/a', {}));
  const [record] = readdirSync(join(dataDir, 'cas/db/image'));
  const twin = `${record!.slice(0, 20)}${'f'.repeat(51)}.json`;
  writeFileSync(join(dataDir, 'cas/db/image', twin), readFileSync(join(dataDir, 'cas/db/image', record!)));
  assert.throws(() => store.resolve(record!.slice(0, 12)), { message: `ambiguous image ID: "${record!.slice(0, 12)}"` });
});

test('findByName, several imports, is the latest with all labels', async (t) => {
  const { store } = openHere(t);
  const one = await importBytes(store, aci('example.com/a', {}, version('1')));
  const two = await importBytes(store, aci('example.com/a', {}, version('2')));
  assert.equal(store.findByName(named('example.com/a'))?.id, two.id);
  assert.equal(store.findByName(named('example.com/a'), [{ name: 'version', value: '1' }])?.id, one.id);
  assert.equal(store.findByName(named('example.com/a'), [{ name: 'arch', value: 'amd64' }]), undefined);
  assert.equal(store.findByName(named('example.com/b')), undefined);
  assert.deepEqual(store.list().map(({ id }) => id), [one.id, two.id]);
});

test('touch, held image, moves its last use only', async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', {}));
  utimesSync(join(dataDir, 'cas/db/image', `${image.id}.json`), 1, 1);
  assert.equal(store.get(image.id)!.lastUsed, image.importTime);
  store.touch(image.id);
  assert.ok(store.get(image.id)!.lastUsed > image.importTime);
  store.touch('sha512-00' as ImageId);
});

test('remove, held image, forgets it and is idempotent', async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', {}));
  store.remove(image.id);
  store.remove(image.id);
  assert.deepEqual(store.list(), []);
  assert.throws(() => store.readManifestText(image.id), { code: 'no-image' });
  assert.deepEqual(readdirSync(join(dataDir, 'cas/imagelocks')), []);
  await assert.rejects(store.tree(image.id), { code: 'no-image' });
});

test('writeRemote, record, is read as it was written', (t) => {
  const { store } = openHere(t);
  const record = { url: 'https://example.com/a?b', etag: '"x"', maxAge: 60, downloadTime: 12345678901234567890n, blobKey: `sha512-${'0'.repeat(64)}` as ImageId };
  store.writeRemote(record);
  assert.deepEqual(store.readRemote(record.url), record);
  store.removeRemote(record.url);
  assert.equal(store.readRemote(record.url), undefined);
});

test('importLayers, the same layers and manifest in two stores, have one ID', { skip: notRoot }, async (t) => {
  const layers = [tarOf({ name: 'a' }), tarOf({ name: 'b' })];
  const images = await Promise.all([0, 1].map(() => importLayered(openHere(t).store, 'example.com/l', ...layers)));
  assert.equal(images[0]!.id, images[1]!.id);
  const reversed = await importLayered(openHere(t).store, 'example.com/l', ...layers.toReversed());
  assert.notEqual(reversed.id, images[0]!.id);
  assert.deepEqual(images[0]!.layers, layers.map(sha256));
});

test('importLayers, layer that is not held, is refused', (t) => {
  const { store } = openHere(t);
  const layers = [sha256(Buffer.from('none'))];
  assert.throws(() => store.importLayers({ manifest: imageManifest('example.com/l'), layers }), { code: 'missing-layer' });
});

test('list, index lost, is rebuilt from blobs and manifests', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const one = await importBytes(store, aci('example.com/a', { file: 'x' }, version('1')));
  const two = await importLayered(store, 'example.com/l', tarOf({ name: 'a' }));
  must('rm', '-r', join(dataDir, 'cas/db'));
  const again = openTestStore(dataDir);
  const seen = again.list().map(({ id, kind, layers, size }) => ({ id, kind, layers, size }));
  const expected = [one, two].map(({ id, kind, layers, size }) => ({ id, kind, layers, size }));
  assert.deepEqual(seen.sort((a, b) => (a.kind < b.kind ? -1 : 1)), expected);
  assert.equal((await again.tree(two.id)).lowerDirs.length, 1);
});

test('verifyTree, a layered image, records hashes first and finds what changes later', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const layer = tarOf({ name: 'a', data: 'content' });
  const image = await importLayered(store, 'example.com/layered', layer);
  assert.equal(await store.verifyTree(image.id), 'recorded');
  assert.equal(await store.verifyTree(image.id), 'verified');
  appendFileSync(join(dataDir, 'cas/layer', sha256(layer).slice(7, 39), 'diff/a'), 'more');
  await assert.rejects(store.verifyTree(image.id), { code: 'tree-changed', message: new RegExp(`layer ${sha256(layer)} has the hash`) });
});

test('verifyBlob, archive, manifest or document that changed, fails naming what', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', { file: 'content' }));
  const layered = await importLayered(store, 'example.com/layered', tarOf({ name: 'a', data: 'content' }));
  await store.verifyContent(image.id);
  await store.verifyContent(layered.id);
  const manifest = (id: ImageId): string => join(dataDir, 'cas/imageManifest/sha512', id.slice(7, 9), id);
  for (const [id, path, text, message] of [
    [image.id, manifest(image.id), manifestText('example.com/b'), /its manifest is not the one in its archive/],
    [image.id, store.blobPath(image.id)!, 'nonsense', /its content does not have that ID/],
    [layered.id, manifest(layered.id), manifestText('example.com/b'), /its manifest and layers are those of another/],
  ] as const) {
    const whole = readFileSync(path);
    writeFileSync(path, text);
    await assert.rejects(store.verifyBlob(id), { code: 'image-damaged', message });
    writeFileSync(path, whole);
    await store.verifyBlob(id);
  }
});

test('writeEvidence, no such image, nothing is written', (t) => {
  const { store } = openHere(t);
  const id = `sha512-${'0'.repeat(64)}` as ImageId;
  store.writeEvidence(id, 'text');
  assert.equal(store.readEvidence(id), undefined);
});
