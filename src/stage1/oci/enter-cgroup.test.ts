import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonAbove } from './enter-cgroup.ts';

test('commonAbove, two cgroups, is the last that both are in', () => {
  assert.equal(commonAbove('user/1000/app/pod', 'user/1000/app/other/leaf'), 'user/1000/app');
  assert.equal(commonAbove('user/1000', 'user/1000/app'), 'user/1000');
  assert.equal(commonAbove('user/1000', 'user/10'), 'user');
  assert.equal(commonAbove('user/1000', 'system/x'), '');
  assert.equal(commonAbove('user/1000', ''), '');
});
