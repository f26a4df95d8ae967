import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { messageOf, quoted } from './index.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test('messageOf, a system call that failed, is what failed and the words of the C library', () => {
  assert.equal(messageOf(thrownBy(() => readFileSync('/no/such'))), 'open /no/such: no such file or directory');
  assert.equal(messageOf(thrownBy(() => readFileSync('/etc'))), 'read: is a directory');
});

test('messageOf, another error, is its message; what is none, its text', () => {
  assert.equal(messageOf(new Error('why')), 'why');
  assert.equal(messageOf('why'), 'why');
});

test('quoted, what a terminal would obey or not show, is escaped, and what is long is cut', () => {
  assert.equal(quoted('a"\u001b\u0085\u2028\ud800é'), '"a\\"\\u001b\\u0085\\u2028\ufffdé"');
  assert.equal(quoted('x'.repeat(257)), `"${'x'.repeat(256)}…"`);
});
