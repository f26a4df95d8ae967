import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AcIdentifier, ImageId } from '#appc';
import { findProgram, setXattr } from '#sys';
import { StoreError } from './store-error.ts';
import { imageManifest, inPieces, manifestText, must, notRoot, openTestStore, sha256, temporaryDirectory, uncompressedLayer } from './store-fixture.ts';
import { type RawEntry, tarOf } from './tar/tar-fixture.ts';
import type { Store, StoredImage } from './types.ts';

const named = (name: string): AcIdentifier => name as AcIdentifier;
const version = (value: string): object => ({ labels: [{ name: 'version', value }] });

function openHere(t: TestContext): { store: Store; dataDir: string } {
  const dataDir = temporaryDirectory(t);
  return { store: openTestStore(dataDir), dataDir };
}

function aci(name: string, files: Readonly<Record<string, string>>, more: object = {}): Buffer {
  const entries: RawEntry[] = Object.entries(files).map(([path, data]) => ({ name: `rootfs/${path}`, data }));
  return tarOf({ name: 'manifest', data: manifestText(name, more) }, { name: 'rootfs', type: '5', mode: 0o755 }, ...entries);
}

async function importBytes(store: Store, bytes: Buffer): Promise<StoredImage> {
  const file = join(store.temporaryDirectory(), `test-${process.pid}.aci`);
  writeFileSync(file, bytes);
  return store.importAci(file);
}

async function importLayered(store: Store, name: string, ...layers: Buffer[]): Promise<StoredImage> {
  for (const layer of layers) await store.addLayer(uncompressedLayer(layer), inPieces(layer));
  return store.importLayers({ manifest: imageManifest(name), layers: layers.map(sha256) });
}

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
  const record = { url: 'https://example.com/a?b', etag: '"x"', maxAge: 60, downloadTime: 12345678901234567890n, blobKey: 'sha512-00' as ImageId };
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

test('tree, layers with one opaque at its root and one twice, has the directories to mount', { skip: notRoot }, async (t) => {
  const { store } = openHere(t);
  const [a, b, c] = [tarOf({ name: 'a' }), tarOf({ name: '.wh..wh..opq' }, { name: 'b' }), tarOf({ name: 'c' })];
  const image = await importLayered(store, 'example.com/l', a, b, c, c);
  const { lowerDirs, id } = await store.tree(image.id);
  assert.deepEqual(lowerDirs.map((directory) => readdirSync(directory)), [['c'], ['b']]);
  assert.equal(id, store.treeId(image.id));
  assert.deepEqual(store.openTree(id)?.lowerDirs, lowerDirs);
});

test('tree, ACI with dependencies and whitelists, has what the spec says', { skip: notRoot }, async (t) => {
  const { store } = openHere(t);
  await importBytes(store, aci('example.com/base', { both: 'base', base: 'base', hidden: 'x' }));
  await importBytes(store, aci('example.com/second', { both: 'second', second: 'second' }));
  const dependencies = [{ imageName: 'example.com/base' }, { imageName: 'example.com/second' }];
  const top = await importBytes(store, aci('example.com/top', { top: 'top', base: 'top' }, { dependencies, pathWhitelist: ['/both', '/base', '/second', 'top/'] }));
  const { lowerDirs } = await store.tree(top.id);
  const root = lowerDirs[0]!;
  const found = readdirSync(root).sort().map((name) => [name, readFileSync(join(root, name), 'utf8')]);
  assert.deepEqual(found, [['base', 'top'], ['both', 'second'], ['second', 'second'], ['top', 'top']]);
});

test('tree, dependency that is not held, is named', async (t) => {
  const { store } = openHere(t);
  const image = await importBytes(store, aci('example.com/top', {}, { dependencies: [{ imageName: 'example.com/none' }] }));
  await assert.rejects(store.tree(image.id), { code: 'missing-dependency', message: /"example.com\/top" depends on "example.com\/none"/ });
});

test('tree, dependencies in a circle, are refused', async (t) => {
  const { store } = openHere(t);
  await importBytes(store, aci('example.com/a', {}, { dependencies: [{ imageName: 'example.com/b' }] }));
  const image = await importBytes(store, aci('example.com/b', {}, { dependencies: [{ imageName: 'example.com/a' }] }));
  await assert.rejects(store.tree(image.id), { code: 'missing-dependency', message: /depends on itself/ });
});

test('tree, ACI rendered, has rkt files and counts for the size', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', { inspect: 'x'.repeat(10_000), '.wh.name': 'y' }));
  const before = store.get(image.id)!.size;
  const tree = await store.tree(image.id);
  const directory = join(dataDir, 'cas/tree', tree.id);
  assert.deepEqual(readdirSync(directory).sort(), ['hash', 'image', 'manifest', 'rendered', 'rootfs']);
  assert.equal(readFileSync(join(directory, 'image'), 'utf8'), image.id);
  assert.match(readFileSync(join(directory, 'hash'), 'utf8'), /^sha512-[0-9a-f]{64}$/);
  assert.deepEqual(readdirSync(join(directory, 'rootfs')).sort(), ['.wh.name', 'inspect']);
  const onDisk = must('find', directory, '-printf', '%s\\n').trim().split('\n').reduce((sum, size) => sum + Number(size), 0);
  assert.equal(store.get(image.id)!.size, before + onDisk);
});

test('tree, blob that was changed, is refused', { skip: notRoot }, async (t) => {
  const { store } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', { file: 'good' }));
  const path = store.blobPath(image.id)!;
  writeFileSync(path, readFileSync(path).toString('latin1').replace('good', 'evil'), 'latin1');
  await assert.rejects(store.tree(image.id), { code: 'image-damaged' });
});

for (const [what, change] of [
  ['content', (root: string) => appendFileSync(join(root, 'file'), 'x')],
  ['mode', (root: string) => must('chmod', '777', join(root, 'file'))],
  ['time', (root: string) => utimesSync(join(root, 'file'), 1, 1)],
  ['extended attribute', (root: string) => setXattr(join(root, 'file'), 'user.x', Buffer.from('1'))],
  ['a name', (root: string) => writeFileSync(join(root, 'new'), '')],
] as const) {
  test(`verifyTree, ${what} changed, fails; rendered again, succeeds`, { skip: notRoot }, async (t) => {
    const { store } = openHere(t);
    const image = await importBytes(store, aci('example.com/a', { file: 'x' }));
    const { lowerDirs } = await store.tree(image.id);
    await store.verifyTree(image.id);
    change(lowerDirs[0]!);
    await assert.rejects(store.verifyTree(image.id), (error) => error instanceof StoreError && error.code === 'tree-changed');
    await store.renderAgain(image.id);
    await store.verifyTree(image.id);
  });
}

test('gcTrees, tree that a process has open, is kept', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importBytes(store, aci('example.com/a', {}));
  const { lowerDirs } = await store.tree(image.id);
  assert.deepEqual(openTestStore(dataDir).gcTrees(new Set()), []);
  assert.ok(existsSync(lowerDirs[0]!));
});

test('gcTrees, in a process of its own, removes what no pod refers to', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const store = openTestStore(dataDir);
  const image = await importBytes(store, aci('example.com/a', {}));
  // The lock of a tree goes with the store's process; here with the directory that holds it.
  const { id } = await store.tree(image.id);
  must('rm', join(dataDir, 'cas/treestorelocks', id));
  assert.deepEqual(openTestStore(dataDir).gcTrees(new Set([id])), []);
  assert.deepEqual(openTestStore(dataDir).gcTrees(new Set()), [id]);
  assert.deepEqual(readdirSync(join(dataDir, 'cas/tree')), []);
  assert.deepEqual(readdirSync(join(dataDir, 'cas/tmp')).filter((name) => name.startsWith('removed')), []);
});

test('gcImages, grace period and pods, removes only what is old and unreferenced', async (t) => {
  const { store } = openHere(t);
  const a = await importBytes(store, aci('example.com/a', {}));
  const b = await importBytes(store, aci('example.com/b', {}));
  assert.deepEqual(store.gcImages(new Set(), 3_600_000), []);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(store.gcImages(new Set([a.id]), 0), [b.id]);
  assert.deepEqual(store.list().map(({ id }) => id), [a.id]);
});

test('gcLeftovers, image removed while a pod uses its layers, keeps them until the pod is gone', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importLayered(store, 'example.com/l', tarOf({ name: 'a' }));
  const treeId = store.treeId(image.id);
  store.remove(image.id);
  store.gcLeftovers(new Set([treeId]));
  assert.equal(openTestStore(dataDir).openTree(treeId)?.lowerDirs.length, 1);
  must('rm', join(dataDir, 'cas/treestorelocks', treeId));
  store.gcLeftovers(new Set());
  assert.deepEqual(readdirSync(join(dataDir, 'cas/layer')), []);
  assert.equal(store.openTree(treeId), undefined);
});

test('gcLeftovers, layer of an image that is being fetched, is kept', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const layer = tarOf({ name: 'a' });
  await store.addLayer(uncompressedLayer(layer), inPieces(layer));
  openTestStore(dataDir).gcLeftovers(new Set());
  assert.ok(existsSync(join(dataDir, 'cas/layer')) && store.hasLayer(sha256(layer)));
});

test('gcLeftovers, layer of a held image, is kept', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  await importLayered(store, 'example.com/l', tarOf({ name: 'a' }));
  openTestStore(dataDir).gcLeftovers(new Set());
  assert.equal(readdirSync(join(dataDir, 'cas/layer')).length, 1);
});
