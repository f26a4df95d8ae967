import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageId } from '#appc';
import { parseImageRecord, parseRemoteRecord, parseTreeRecord } from './index-texts.ts';
import { aci, importBytes, importLayered, notRoot, openHere } from './store-fixture.ts';
import { tarOf } from './tar/tar-fixture.ts';

const id = `sha512-${'0'.repeat(64)}` as ImageId;
const digest = `sha256:${'a'.repeat(64)}`;
const treeId = `layers-sha512-${'1'.repeat(64)}`;
const record = { id, kind: 'aci', name: 'example.com/a', labels: [{ name: 'os', value: 'linux' }], importTime: '17', size: 3 };
const layered = { ...record, kind: 'layers', layers: [digest], layerSizes: [3], treeId };
const remote = { url: 'https://example.com/a.aci', downloadTime: '17', blobKey: id, etag: 'x', maxAge: 5 };

test('parseImageRecord, records as they are written, are what was written', () => {
  assert.deepEqual(parseImageRecord(JSON.stringify(record), id), { ...record, importTime: 17n });
  assert.deepEqual(parseImageRecord(JSON.stringify(layered), id), { ...layered, importTime: 17n });
});

const bad: readonly object[] = [
  { id: `sha512-${'2'.repeat(64)}` }, { id: 'sha512-/../../../etc/passwd' }, { id: undefined }, { kind: 'other' },
  { name: 5 }, { name: '../x' }, { labels: undefined }, { labels: {} }, { labels: [null] }, { labels: [{ name: 'a' }] },
  { importTime: undefined }, { importTime: 17 }, { importTime: '-1' }, { importTime: '9'.repeat(30) },
  { size: -1 }, { size: '3' }, { size: 1.5 },
];
const badLayers: readonly object[] = [
  { layers: ['../../../../../../home/evil/rootfs'] }, { layers: [`sha256:${'../'.repeat(21)}a`] }, { layers: [5] }, { layers: digest }, { layers: undefined },
  { layerSizes: ['3'] }, { layerSizes: 3 }, { treeId: '../../../../etc/cron.d/x' }, { treeId: 5 },
];

test('parseImageRecord, what is of another form or of another image, is no record', () => {
  for (const change of bad) assert.equal(parseImageRecord(JSON.stringify({ ...record, ...change }), id), undefined, JSON.stringify(change));
  for (const change of badLayers) assert.equal(parseImageRecord(JSON.stringify({ ...layered, ...change }), id), undefined, JSON.stringify(change));
  assert.equal(parseImageRecord(JSON.stringify({ ...record, layers: [digest] }), id), undefined);
  for (const text of ['', '{', '[]', 'null', '5', '"x"']) assert.equal(parseImageRecord(text, id), undefined, text);
});

test('parseTreeRecord, layers that are no digests and a size that is none, are no record', () => {
  assert.deepEqual(parseTreeRecord(JSON.stringify({ layers: [digest] })), { layers: [digest] });
  assert.deepEqual(parseTreeRecord('{"size":5}'), { size: 5 });
  for (const text of ['{"layers":["../../x"]}', '{"layers":"x"}', '{"size":"5"}', '{"size":-5}', '[]', 'null', '']) {
    assert.equal(parseTreeRecord(text), undefined, text);
  }
});

test('parseRemoteRecord, an image that has no image ID and other forms, are no record', () => {
  assert.deepEqual(parseRemoteRecord(JSON.stringify(remote)), { ...remote, downloadTime: 17n });
  for (const change of [{ blobKey: '../x' }, { blobKey: 5 }, { etag: 5 }, { maxAge: 'x' }, { url: 5 }, { downloadTime: 5 }, { signatureUrl: 5 }]) {
    assert.equal(parseRemoteRecord(JSON.stringify({ ...remote, ...change })), undefined, JSON.stringify(change));
  }
});

test('remove, by the name of a record that gives another ID, removes nothing outside the store', async (t) => {
  const { store, dataDir } = openHere(t);
  const { id: own } = await importBytes(store, aci('example.com/a', { file: 'x' }));
  const victim = join(dataDir, 'victim');
  writeFileSync(victim, 'mine');
  const path = join(dataDir, `cas/db/image/${own}.json`);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), id: 'sha512-/../../../../../victim' }));
  mkdirSync(join(dataDir, 'cas/blob/sha512/..'), { recursive: true });
  const found = store.findByName('example.com/a' as never, []);
  if (found !== undefined) store.remove(found.id);
  assert.deepEqual([existsSync(victim), store.list()], [true, []]);
});

test('gcTrees, names in the index that are no tree\'s, end nothing and go nowhere', (t) => {
  const { store, dataDir } = openHere(t);
  mkdirSync(join(dataDir, 'cas/db/tree'), { recursive: true });
  for (const name of ['...json', '..json', '.json', 'x.json']) writeFileSync(join(dataDir, 'cas/db/tree', name), '{}');
  mkdirSync(join(dataDir, 'cas/tree'));
  assert.deepEqual(store.gcTrees(new Set()), []);
  assert.ok(existsSync(join(dataDir, 'cas/tree')));
});

test('openTree, a record whose layers lead out of the store, is no tree', { skip: notRoot }, async (t) => {
  const { store, dataDir } = openHere(t);
  const image = await importLayered(store, 'example.com/l', tarOf({ name: 'a' }));
  const { id: tree } = await store.tree(image.id);
  mkdirSync(join(dataDir, 'evil/diff'), { recursive: true });
  writeFileSync(join(dataDir, `cas/db/tree/${tree}.json`), JSON.stringify({ layers: ['sha256:../../evil'] }));
  assert.equal(store.openTree(tree), undefined);
});
