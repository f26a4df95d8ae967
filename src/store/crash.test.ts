import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mount, startProgram, unmount } from '#sys';
import { describeTree, filling, imageManifest, inPieces, manifestText, must, notRoot, openTestStore, self, sha256, temporaryDirectory, uncompressedLayer, unfinishedIn } from './store-fixture.ts';
import { tarOf } from './tar/tar-fixture.ts';
import { appendToLayer } from './layer/partial-file.ts';
import type { LayerSource } from './types.ts';

/** A layer of many files, big enough to be caught half-way. */
function bigLayer(files = 3000): Buffer {
  return tarOf(...Array.from({ length: files }, (_, index) => ({ name: `d${index % 50}/file-${index}`, data: `${index} `.repeat(200) })));
}

const door = fileURLToPath(new URL('./index.ts', import.meta.url));
const adder = (dataDir: string, archive: string): string => `
  import { createReadStream, readFileSync } from 'node:fs';
  import { createHash } from 'node:crypto';
  const { openStore } = await import(${JSON.stringify(door)});
  const bytes = readFileSync(${JSON.stringify(archive)});
  const digest = 'sha256:' + createHash('sha256').update(bytes).digest('hex');
  const store = openStore(${JSON.stringify(dataDir)}, { self: ${JSON.stringify(self)} });
  console.log('start');
  await store.addLayer({ diffId: digest, digest, size: bytes.length, compression: 'none' }, createReadStream(${JSON.stringify(archive)}));
  console.log('done');`;

/** Another process that adds a layer. */
function startAdder(t: TestContext, dataDir: string, archive: string): { child: ChildProcess; started: Promise<void>; ended: Promise<number | null> } {
  const child = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', adder(dataDir, archive)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started = new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
  return { child, started, ended };
}

test('addLayer, process killed at any moment, leaves no layer that is not whole', { skip: notRoot, timeout: 100_000 }, async (t) => {
  const work = temporaryDirectory(t);
  const archive = join(work, 'layer.tar');
  const bytes = bigLayer();
  writeFileSync(archive, bytes);
  const whole = join(work, 'whole');
  mkdirSync(whole);
  must('tar', '-xpf', archive, '-C', whole);
  const names = readdirSync(whole).length;
  const dataDir = join(work, 'data');
  let held = 0;
  const moments = [0, 150, 300, 450, 600, 1200];
  for (const moment of moments) {
    const { child, started, ended } = startAdder(t, dataDir, archive);
    await started;
    await new Promise((resolve) => setTimeout(resolve, moment));
    child.kill('SIGKILL');
    await ended;
    if (!openTestStore(dataDir).hasLayer(sha256(bytes))) continue;
    held += 1;
    const [layer] = readdirSync(join(dataDir, 'cas/layer'));
    assert.equal(readdirSync(join(dataDir, 'cas/layer', layer!, 'diff')).length, names);
  }
  const store = openTestStore(dataDir);
  await store.addLayer(uncompressedLayer(bytes), inPieces(bytes));
  const image = store.importLayers({ manifest: imageManifest('example.com/killed'), layers: [sha256(bytes)] });
  const { lowerDirs } = await store.tree(image.id);
  const files = (root: string): string[] => describeTree(root).filter((line) => line.includes('/'));
  assert.deepEqual(files(lowerDirs[0]!), files(whole));
  t.diagnostic(`the layer was held after ${held} of ${moments.length} kills`);
  await leftoversGo(store, dataDir);
});

/** The unpacker of a killed store sees the end of its input and goes; only then are its files nobody's. */
async function leftoversGo(store: ReturnType<typeof openTestStore>, dataDir: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    store.gcLeftovers(new Set());
    const left = unfinishedIn(dataDir).filter((name) => !name.endsWith('.partial'));
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`left: ${unfinishedIn(dataDir).join(' ')}`);
}

test('addLayer, unpacker killed, fails and leaves nothing but the bytes that came', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const bytes = bigLayer(500);
  // A child that dies by its own hand is as dead as one that is killed.
  const suicidal = { ...self, path: '/bin/sh', args: ['-c', 'kill -9 $$', 'sh'] };
  const store = openTestStore(dataDir, { self: suicidal });
  await assert.rejects(store.addLayer(uncompressedLayer(bytes), inPieces(bytes)), /the unpacker failed: it was ended by SIGKILL/);
  assert.ok(unfinishedIn(dataDir).every((name) => name.endsWith('.partial')));
  assert.equal(store.hasLayer(sha256(bytes)), false);
});

test('addLayer, download that breaks off, is resumed from the bytes that came', { skip: notRoot }, async (t) => {
  const store = openTestStore(temporaryDirectory(t));
  const bytes = bigLayer(500);
  const input = uncompressedLayer(bytes);
  const broken: LayerSource = async (file) => {
    appendToLayer(file, bytes.subarray(0, 300_000));
    throw new Error('connection reset');
  };
  await assert.rejects(store.addLayer(input, broken), /connection reset/);
  assert.equal(store.partialLayer(input.digest).size, 300_000);
  let asked = -1;
  await store.addLayer(input, async (file, signal) => {
    asked = file.size;
    await filling(bytes)(file, signal);
  });
  assert.equal(asked, 300_000);
  assert.ok(store.hasLayer(input.diffId));
  assert.equal(store.partialLayer(input.digest).size, 0);
});

test('addLayer, partial bytes that are wrong, are thrown away and all is fetched again', { skip: notRoot }, async (t) => {
  const store = openTestStore(temporaryDirectory(t));
  const bytes = bigLayer(500);
  const input = uncompressedLayer(bytes);
  const { path } = store.partialLayer(input.digest);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, Buffer.alloc(100_000));
  await store.addLayer(input, filling(bytes));
  assert.ok(store.hasLayer(input.diffId));
});

test('addLayer, more bytes left than the layer has, starts over', { skip: notRoot }, async (t) => {
  const store = openTestStore(temporaryDirectory(t));
  const bytes = bigLayer(100);
  const input = uncompressedLayer(bytes);
  const { path } = store.partialLayer(input.digest);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes.length + 1));
  await store.addLayer(input, filling(bytes));
  assert.ok(store.hasLayer(input.diffId));
});

test('addLayer, the same layer twice at once, is fetched once', { skip: notRoot }, async (t) => {
  const work = temporaryDirectory(t);
  const bytes = bigLayer(500);
  const stores = [openTestStore(work), openTestStore(work)];
  let fetched = 0;
  const source: LayerSource = async (file, signal) => {
    fetched += 1;
    await filling(bytes)(file, signal);
  };
  await Promise.all([...stores, ...stores].map((store) => store.addLayer(uncompressedLayer(bytes), source)));
  assert.equal(fetched, 1);
});

test('addLayer, the same layer by two processes, succeeds in both', { skip: notRoot, timeout: 60_000 }, async (t) => {
  const work = temporaryDirectory(t);
  writeFileSync(join(work, 'layer.tar'), bigLayer(1000));
  const adders = [1, 2, 3].map(() => startAdder(t, join(work, 'data'), join(work, 'layer.tar')));
  assert.deepEqual(await Promise.all(adders.map(({ ended }) => ended)), [0, 0, 0]);
  assert.deepEqual(unfinishedIn(join(work, 'data')), []);
});

test('addLayer, layer of another boot that was never synced, is not believed', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const bytes = bigLayer(10);
  await openTestStore(dataDir).addLayer(uncompressedLayer(bytes), inPieces(bytes));
  const [layer] = readdirSync(join(dataDir, 'cas/layer'));
  for (const content of ['00000000-0000-0000-0000-000000000000\n', '']) {
    writeFileSync(join(dataDir, 'cas/layer', layer!, 'boot'), content);
    assert.equal(openTestStore(dataDir).hasLayer(sha256(bytes)), false);
  }
  const store = openTestStore(dataDir);
  await store.addLayer(uncompressedLayer(bytes), inPieces(bytes));
  store.importLayers({ manifest: imageManifest('example.com/durable'), layers: [sha256(bytes)] });
  assert.ok(!existsSync(join(dataDir, 'cas/layer', layer!, 'boot')));
  assert.ok(store.hasLayer(sha256(bytes)));
});

test('addLayer and importAci, disk full, say so and leave nothing', { skip: notRoot }, async (t) => {
  const work = temporaryDirectory(t);
  const small = join(work, 'small');
  mkdirSync(small);
  mount({ source: 'tmpfs', target: small, type: 'tmpfs', data: 'size=2m' });
  try {
    await fillUp(work, small);
  } finally {
    unmount(small);
  }
});

async function fillUp(work: string, small: string): Promise<void> {
  const store = openTestStore(small);
  const bytes = tarOf({ name: 'big', data: Buffer.alloc(3 << 20, 'x') });
  await assert.rejects(store.addLayer(uncompressedLayer(bytes), inPieces(bytes)), { code: 'no-space', message: /no space left on device/ });
  const zeros = await gzipped(bytes);
  const input = { diffId: sha256(bytes), digest: sha256(zeros), size: zeros.length, compression: 'gzip' } as const;
  await assert.rejects(store.addLayer(input, inPieces(zeros)), { code: 'no-space' });
  const aci = join(work, 'big.aci');
  writeFileSync(aci, tarOf({ name: 'manifest', data: manifestText('example.com/big') }, { name: 'rootfs', type: '5' }, { name: 'rootfs/big', data: Buffer.alloc(3 << 20) }));
  await assert.rejects(store.importAci(aci), { code: 'no-space' });
  assert.deepEqual(unfinishedIn(small), []);
  assert.deepEqual(store.list(), []);
}

async function gzipped(bytes: Buffer): Promise<Buffer> {
  return (await import('node:zlib')).gzipSync(bytes);
}

test('addLayer, gzip of two members and zstd of two frames, are unpacked whole', { skip: notRoot }, async (t) => {
  const { gzipSync, zstdCompressSync } = await import('node:zlib');
  const store = openTestStore(temporaryDirectory(t));
  for (const [compression, compress] of [['gzip', gzipSync], ['zstd', zstdCompressSync]] as const) {
    const bytes = tarOf({ name: compression, data: 'x'.repeat(5000) });
    const blob = Buffer.concat([compress(bytes.subarray(0, 3000)), compress(bytes.subarray(3000))]);
    await store.addLayer({ diffId: sha256(bytes), digest: sha256(blob), size: blob.length, compression }, inPieces(blob));
    assert.ok(store.hasLayer(sha256(bytes)));
  }
});

test('addLayer, bytes after the end of the gzip, count for the digest', { skip: notRoot }, async (t) => {
  const { gzipSync } = await import('node:zlib');
  const store = openTestStore(temporaryDirectory(t));
  const bytes = tarOf({ name: 'a' });
  const blob = Buffer.concat([gzipSync(bytes), Buffer.alloc(200_000)]);
  await store.addLayer({ diffId: sha256(bytes), digest: sha256(blob), size: blob.length, compression: 'gzip' }, inPieces(blob));
  assert.ok(store.hasLayer(sha256(bytes)));
});
