import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setXattr } from '#sys';
import { needs } from '#tests/support';
import { hashTree } from './tree-hash.ts';

test('hashTree, a label of SELinux, is the host\'s and changes nothing; an attribute of the image does', needs('root'), (t) => {
  const root = mkdtempSync(join(tmpdir(), 'rkt-tree-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'file'), 'x');
  const before = hashTree(root);
  for (const path of [root, join(root, 'file')]) setXattr(path, 'security.selinux', Buffer.from('system_u:object_r:container_ro_file_t:s0'));
  assert.equal(hashTree(root), before);
  setXattr(join(root, 'file'), 'user.of-the-image', Buffer.from('x'));
  assert.notEqual(hashTree(root), before);
});
