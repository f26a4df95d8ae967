import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachPointsOf } from '../commands/attach.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { parseSince } from './since.ts';

test('parseDetachKeys, controls and characters, are their bytes', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [0x10, 0x11]);
  assert.deepEqual([...parseDetachKeys('ctrl-@,ctrl-[,ctrl-],ctrl-_,a,~')], [0, 0x1b, 0x1d, 0x1f, 0x61, 0x7e]);
  assert.deepEqual([...parseDetachKeys('')], []);
});

for (const text of ['ctrl-P', 'ctrl-1', 'ab', 'ctrl-p,', 'é'])
  test(`parseDetachKeys, ${text}, throws`, () => {
    assert.throws(() => parseDetachKeys(text), /no key for --detach-keys/);
  });

test('attachPointsOf, modes of rkt, are their points', () => {
  assert.equal(attachPointsOf('auto'), undefined);
  assert.deepEqual(attachPointsOf('tty'), ['tty-in', 'tty-out']);
  assert.deepEqual(attachPointsOf('stdin,stdout,stdin'), ['stdin', 'stdout']);
  assert.throws(() => attachPointsOf('stdin,constructor'), /unknown endpoint "constructor"/);
  assert.throws(() => attachPointsOf('tty-in,stderr'), /cannot simultaneously attach TTY and streams/);
});

test('parseSince, durations and times, are times of logs', () => {
  const now = 1_767_225_600_000_000_000n; // 2026-01-01T00:00:00Z
  assert.equal(parseSince('1h30m', now), '2025-12-31T22:30:00.000000000Z');
  assert.equal(parseSince('2026-01-01T01:00:00+01:00', now), '2026-01-01T00:00:00.000000000Z');
  for (const text of ['yesterday', '2026', '2026-13-01', '']) assert.throws(() => parseSince(text, now), /--since takes/);
});
