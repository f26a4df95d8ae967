import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAciEntry } from './aci-entry.ts';

test('checkAciEntry, what belongs into an ACI, is told apart', () => {
  assert.deepEqual(checkAciEntry('manifest'), { kind: 'manifest' });
  assert.deepEqual(checkAciEntry('./manifest'), { kind: 'manifest' });
  assert.deepEqual(checkAciEntry('./'), { kind: 'top' });
  assert.deepEqual(checkAciEntry('.'), { kind: 'top' });
  assert.deepEqual(checkAciEntry('rootfs/'), { kind: 'rootfs', path: '' });
  assert.deepEqual(checkAciEntry('./rootfs//usr/./bin/'), { kind: 'rootfs', path: 'usr/bin' });
  assert.deepEqual(checkAciEntry('rootfs/manifest'), { kind: 'rootfs', path: 'manifest' });
});

test('checkAciEntry, everything else, is refused', () => {
  const bad = ['', '/', '/rootfs/a', 'rootfsx', 'rootfs2/a', 'etc/passwd', 'rootfs/../etc', 'rootfs/a/..', '..', '../rootfs', 'manifest/', 'manifest/x', 'Manifest', 'rootfs/a\0b'];
  for (const name of bad) {
    assert.throws(() => checkAciEntry(name), { code: 'bad-archive', message: /^unrecognized file path in layout: / }, name);
  }
});
