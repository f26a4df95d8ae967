import assert from 'node:assert/strict';
import { chownSync, chmodSync, linkSync, lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getXattr, setXattr } from '#sys';
import { needs } from '#tests/support';
import { findFreeRange } from './private-users.ts';
import { shiftOwners } from './shift-owners.ts';

test('findFreeRange, others around, is the first that overlaps none, whole and below 2³¹', () => {
  assert.deepEqual(findFreeRange([], 0), { shift: 65536, count: 65536 });
  assert.deepEqual(findFreeRange([{ shift: 131071, count: 2 }], 0), { shift: 3 * 65536, count: 65536 });
  assert.equal(findFreeRange([], 0x7ffe).shift, 0x7fff0000);
  assert.equal(findFreeRange([], 0x7fff).shift, 65536);
  assert.deepEqual(findFreeRange([{ shift: 0x7fff0000, count: 1 }], 0x7ffe), { shift: 65536, count: 65536 });
});

test('findFreeRange, nothing free, says so', () => {
  assert.throws(() => findFreeRange([{ shift: 0, count: 2 ** 31 }], 5), /no range of 65536 users is left/);
});

test('shiftOwners, every kind of file, keeps modes, capabilities and lists; a file of two names is shifted once', needs('root'), () => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-shift-'));
  try {
    const at = (name: string): string => join(directory, name);
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    writeFileSync(at('file'), 'x');
    chownSync(at('file'), 1000, 1001);
    linkSync(at('file'), at('second'));
    chmodSync(at('file'), 0o6755);
    setXattr(at('file'), 'user.kept', Buffer.from('x'));
    writeFileSync(at('capable'), 'x');
    setXattr(at('capable'), 'security.capability', capability);
    const list = Buffer.from(['02000000', '01000600ffffffff', '02000600e8030000', '04000400ffffffff', '10000600ffffffff', '20000400ffffffff'].join(''), 'hex');
    setXattr(at('capable'), 'system.posix_acl_access', list);
    symlinkSync('/etc/passwd', at('link'));
    const passwd = lstatSync('/etc/passwd');
    writeFileSync(at('far'), 'x');
    chownSync(at('far'), 3_000_000, 0);
    shiftOwners(directory, { shift: 65536, count: 65536 });
    const owners = (name: string): number[] => [lstatSync(at(name)).uid, lstatSync(at(name)).gid];
    assert.deepEqual(['.', 'file', 'second', 'link', 'far'].map(owners), [
      [65536, 65536], [66536, 66537], [66536, 66537], [65536, 65536], [65536 + 65534, 65536],
    ]);
    assert.equal(lstatSync('/etc/passwd').uid, passwd.uid);
    assert.equal(lstatSync(at('file')).mode & 0o7777, 0o6755);
    assert.equal(getXattr(at('capable'), 'security.capability')!.readUInt32LE(20), 65536);
    assert.equal(getXattr(at('capable'), 'system.posix_acl_access')!.readUInt32LE(4 + 8 + 4), 66536);
    assert.equal(getXattr(at('file'), 'user.kept')!.toString(), 'x');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
