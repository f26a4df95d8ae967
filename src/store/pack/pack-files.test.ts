import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setXattr } from '#sys';
import { notRoot, openTestStore, temporaryDirectory } from '../store-fixture.ts';
import type { TarEntry } from '../tar/entry.ts';
import { DEFAULT_LIMITS } from '../tar/limits.ts';
import { TarReader } from '../tar/reader.ts';
import type { PackOptions, Store } from '../types.ts';

const skip = notRoot;

async function pack(store: Store, directories: readonly string[], options: Partial<PackOptions> = {}): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const reader = new TarReader({ entry: (entry) => void entries.set(entry.name.toString('latin1'), entry), data() {}, endEntry() {} }, DEFAULT_LIMITS);
  for await (const piece of store.pack({ directories }, { name: '.', ...options })) reader.push(piece);
  reader.finish({ whole: true });
  return entries;
}

function makeTree(t: TestContext, name: string): string {
  const path = join(temporaryDirectory(t), name);
  mkdirSync(path);
  return path;
}

test('pack, files of others in closed directories and names that are no UTF-8, all there', { skip }, async (t) => {
  const tree = makeTree(t, 'tree');
  mkdirSync(join(tree, 'closed'));
  writeFileSync(join(tree, 'closed/secret'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff)]), 'y');
  chmodSync(join(tree, 'closed/secret'), 0);
  for (const path of ['closed/secret', 'closed']) chownSync(join(tree, path), 1234, 1234);
  chmodSync(join(tree, 'closed'), 0o700);
  const entries = await pack(openTestStore(join(temporaryDirectory(t), 'data')), [tree]);
  assert.deepEqual([...entries.keys()].map((name) => name.replace(/\/$/, '')).sort(), ['.', './closed', './closed/secret', './\xff']);
  assert.equal(entries.get('./closed/secret')!.uid, 1234);
});

test('pack, attributes that only root sees, are in the archive but those of overlays', { skip }, async (t) => {
  const [upper, lower] = [makeTree(t, 'upper'), makeTree(t, 'lower')];
  writeFileSync(join(lower, 'below'), '');
  writeFileSync(join(upper, 'above'), '');
  setXattr(join(lower, 'below'), 'trusted.own', Buffer.of(0, 255));
  setXattr(join(upper, 'above'), 'user.open', Buffer.from('u'));
  mkdirSync(join(upper, 'opaque'));
  setXattr(join(upper, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'));
  setXattr(join(upper, 'opaque'), 'trusted.kept', Buffer.from('k'));
  const store = openTestStore(join(temporaryDirectory(t), 'data'));
  const entries = await pack(store, [upper, lower]);
  const attributes = [...entries.values()].flatMap(({ name, xattrs }) => [...xattrs].map(([key, value]) => `${name} ${key}=${value.toString('hex')}`));
  assert.deepEqual(attributes.map((text) => text.replace('/ ', ' ')).sort(), ['./above user.open=75', './below trusted.own=00ff', './opaque trusted.kept=6b']);
  assert.deepEqual(readdirSync(store.temporaryDirectory()), []);
});

test('pack, a first file that is bigger than an argument may be, is there', { skip }, async (t) => {
  const text = 'm'.repeat(300_000);
  const entries = await pack(openTestStore(join(temporaryDirectory(t), 'data')), [makeTree(t, 'tree')], { first: { name: 'manifest', text } });
  assert.equal(entries.get('manifest')!.size, text.length);
});

test('pack, a directory that is gone, fails saying so', { skip }, async (t) => {
  const store = openTestStore(join(temporaryDirectory(t), 'data'));
  await assert.rejects(pack(store, ['/nowhere/at/all']), { code: 'pack-failed', message: /^cannot pack the files: .*no such file or directory$/ });
});

