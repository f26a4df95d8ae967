import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAsOldAs } from './age.ts';

test('isAsOldAs, a file changed later in this millisecond, is as old as nothing', () => {
  assert.ok(isAsOldAs(1_000_999_999n, 0, 1_000));
  assert.ok(!isAsOldAs(1_001_000_000n, 0, 1_000));
});

test('isAsOldAs, a period that has just passed or not, says so', () => {
  assert.ok(isAsOldAs(1_000_000_000n, 30, 1_030));
  assert.ok(!isAsOldAs(1_000_000_000n, 30, 1_029));
});
