import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  aci,
  importBytes,
  importLayered,
  inPieces,
  must,
  notRoot,
  openHere,
  openTestStore,
  sha256,
  temporaryDirectory,
  uncompressedLayer,
  unfinishedIn,
} from '../store-fixture.ts';
import { tarOf } from '../tar/tar-fixture.ts';

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
  assert.deepEqual(unfinishedIn(dataDir).filter((name) => name.startsWith('removed')), []);
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

test('gcImages, image that another has just taken in, leaves it until that one is done', async (t) => {
  const { store, dataDir } = openHere(t);
  const { id } = await importBytes(store, aci('example.com/a', {}));
  const collector = openTestStore(dataDir);
  assert.deepEqual(collector.gcImages(new Set(), 0), []);
  assert.equal(store.get(id)?.id, id);
  store.gcImages(new Set([id]), 0);
  assert.deepEqual(collector.gcImages(new Set(), 0), [id]);
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

test('gcLeftovers, removal killed after the record went, removes the blob too', async (t) => {
  const { store, dataDir } = openHere(t);
  const kept = await importBytes(store, aci('example.com/kept', {}));
  const gone = await importBytes(store, aci('example.com/gone', {}));
  must('rm', join(dataDir, 'cas/db/image', `${gone.id}.json`));
  store.gcLeftovers(new Set());
  const blobs = must('find', join(dataDir, 'cas/blob'), '-type', 'f', '-printf', '%f\n').trim().split('\n');
  assert.deepEqual(blobs, [kept.id]);
});
