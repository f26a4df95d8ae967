import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const confine = process.env['RKT_CONFINE'] ?? join(import.meta.dirname, 'build/confine');
const missing = !fs.existsSync(confine) && `${confine} is missing`;
const notRoot = process.getuid?.() !== 0 && 'needs root';
const isChecked = process.env['RKT_CONFINE'] !== undefined && 'a checked build needs libraries that a chroot has not';
const isWrapped = process.env['RKT_CONFINE_WRAPPED'] !== undefined && 'a wrapper is no part of the new root';

const run = (...args: string[]) => spawnSync(confine, args, { encoding: 'utf8' });
const shell = ['--ro=/lib', '--ro=/lib64', '--ro=/usr/lib', '--ro=/bin/busybox'];
const nobody = ['--uid=65534', '--gid=65534'];

const refused: [string, string[], string][] = [
  ['no program', ['--root'], 'the program after --: is missing'],
  ['nothing after --', ['--'], 'the program after --: is missing'],
  ['a relative program', ['--', 'true'], 'true: must be an absolute path'],
  ['a uid without a gid', ['--uid=1', '--', '/bin/true'], '--uid or --gid: needs the other'],
  ['a root without a user', ['--root', '--', '/bin/true'], '--uid: is missing'],
  ['the uid that changes nothing', ['--uid=4294967295', '--gid=1', '--', '/bin/true'], '--uid: not a number that can be used here'],
  ['a negative number', ['--uid=-1', '--gid=1', '--', '/bin/true'], '--uid: not a number that can be used here'],
  ['a number with something behind', ['--file-limit=9k', '--', '/bin/true'], '--file-limit: not a number that can be used here'],
  ['a relative path', ['--ro=x', '--', '/bin/true'], '--ro: must be an absolute path'],
  ['the root as a path', ['--rw=/', '--', '/bin/true'], '--rw: must be an absolute path'],
  ['a path that climbs', ['--ro=/a/../b', '--', '/bin/true'], '--ro: must be an absolute path'],
  ['a path that climbs at its end', ['--ro=/a/..', '--', '/bin/true'], '--ro: must be an absolute path'],
  ['an unknown option', ['--verbose', '--', '/bin/true'], '--verbose: unknown argument'],
  ['more paths than there is room', [...Array.from({ length: 65 }, () => '--ro=/x'), '--', '/bin/true'], '--ro: too many paths'],
];

describe('confine', { skip: missing }, () => {
  for (const [what, args, message] of refused) {
    test(`${what}, is refused`, () => {
      const { status, stderr } = run(...args);
      assert.deepEqual([status, stderr], [125, `rkt: confine: ${message}\n`]);
    });
  }

  test('a program that is not there, says so', { skip: isWrapped }, () => {
    assert.match(run('--', '/none').stderr, /^rkt: confine: cannot execute \/none: No such file or directory\n$/);
  });

  test('a root of its own, has the places and nothing else', { skip: notRoot || isWrapped }, (t) => {
    const tree = fs.mkdtempSync(join(tmpdir(), 'rkt-confine-'));
    t.after(() => fs.rmSync(tree, { recursive: true }));
    fs.chmodSync(tree, 0o777);
    const script = `echo x >${tree}/file && cat ${tree}/file; for place in /bin/x /lib/x /x; do echo x 2>/dev/null >$place || echo no; done; ls /proc /etc /dev 2>&1 | grep -c 'No such'`;
    const { stdout } = run('--root', ...nobody, '--fork', ...shell, `--rw=${tree}`, '--', '/bin/busybox', 'sh', '-c', script.replace(/\b(cat|ls|grep)\b/g, '/bin/busybox $1'));
    assert.equal(stdout, 'x\nno\nno\nno\n3\n');
    assert.equal(fs.statSync(join(tree, 'file')).uid, 65534);
    assert.equal(spawnSync('findmnt', ['-n', '/bin/busybox']).status !== 0, true, 'nothing of it is mounted on the host');
  });

  test('a root of its own, in a chroot, is refused with the reason', { skip: notRoot || isChecked }, (t) => {
    const tree = fs.mkdtempSync(join(tmpdir(), 'rkt-confine-'));
    t.after(() => fs.rmSync(tree, { recursive: true }));
    fs.copyFileSync(confine, join(tree, 'confine'));
    const { status, stderr } = spawnSync('chroot', [tree, '/confine', '--root', ...nobody, '--', '/none'], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [125, 'rkt: confine: the root directory: is no mount point, as in a chroot: pods take one that is (pivot_root)\n']);
  });

  test('capabilities, of root and of another user, are those and no others', { skip: notRoot || isWrapped }, () => {
    for (const user of [nobody, ['--uid=0', '--gid=0']]) {
      for (const [given, kept] of [['0x4', '0000000000000004'], ['0', '0000000000000000']] as const) {
        const { stdout } = run(...user, `--capabilities=${given}`, ...shell, '--ro=/proc', '--', '/bin/busybox', 'grep', '-E', '^Cap(Prm|Eff|Bnd)', '/proc/self/status');
        assert.deepEqual(stdout.match(/[0-9a-f]{16}/g), [kept, kept, kept], `${user[0]} ${given}`);
      }
    }
  });

  test('without --fork, no program can be started', { skip: notRoot || isWrapped }, () => {
    const script = '/bin/busybox true || echo no';
    const { status, stdout } = run('--root', ...nobody, ...shell, '--', '/bin/busybox', 'sh', '-c', script);
    assert.deepEqual([status === 0, stdout], [false, '']);
  });

  test('limits, are what was asked for', { skip: isWrapped }, () => {
    const { stdout } = run('--fork', ...shell, '--file-limit=1048576', '--', '/bin/busybox', 'sh', '-c', 'ulimit -f; ulimit -c; echo $RKT_LANDLOCK');
    assert.match(stdout, /^2048\n0\n\d+\n$/);
  });
});
