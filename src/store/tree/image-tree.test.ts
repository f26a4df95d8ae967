import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setXattr } from '#sys';
import { StoreError } from '../store-error.ts';
import { aci, importBytes, importLayered, must, notRoot, openHere } from '../store-fixture.ts';
import { tarOf } from '../tar/tar-fixture.ts';

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

test('tree, blob that was cut off, is refused and says how to see whether it is damaged', { skip: notRoot }, async (t) => {
  const { store } = openHere(t);
  const { id } = await importBytes(store, aci('example.com/a', { file: 'x' }));
  writeFileSync(store.blobPath(id)!, '');
  await assert.rejects(store.tree(id), { message: `cannot unpack image ${id}: the archive is truncated`, hint: `see whether it is damaged: rkt image verify ${id}` });
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
