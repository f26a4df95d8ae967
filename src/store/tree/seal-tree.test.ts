import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '../store-fixture.ts';
import { hashAsSealed, sealTree } from './seal-tree.ts';
import { hashTree } from './tree-hash.ts';

function makeTree(t: TestContext): { root: string; seal: { hash: string; sealed: string } } {
  const directory = temporaryDirectory(t);
  const root = join(directory, 'diff');
  mkdirSync(root);
  return { root, seal: { hash: join(directory, 'hash'), sealed: join(directory, 'sealed') } };
}

test('sealTree, a tree without files, has nothing to seal and writes nothing', (t) => {
  const { root, seal } = makeTree(t);
  mkdirSync(join(root, 'directory'));
  symlinkSync('/etc/passwd', join(root, 'link'));
  assert.equal(sealTree(root, seal), false);
  assert.deepEqual([existsSync(seal.hash), existsSync(seal.sealed)], [false, false]);
});

test('sealTree, a tree with a file, sealed with its hash where the file system can, else as it was', (t) => {
  const { root, seal } = makeTree(t);
  writeFileSync(join(root, 'file'), 'content');
  const before = hashTree(root);
  const sealed = sealTree(root, seal);
  assert.equal(hashTree(root), before);
  assert.deepEqual([existsSync(seal.hash), existsSync(seal.sealed)], [sealed, sealed]);
  if (sealed) assert.equal(readFileSync(seal.hash, 'utf8'), hashAsSealed(root, seal));
  else assert.equal(hashAsSealed(root, seal), before);
});

test('hashAsSealed, said to be sealed, is not the hash of what is read', (t) => {
  const { root, seal } = makeTree(t);
  writeFileSync(join(root, 'file'), 'content');
  writeFileSync(seal.sealed, '');
  const found = hashAsSealed(root, seal);
  assert.notEqual(found, hashTree(root));
});
