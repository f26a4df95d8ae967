import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachKeys } from './detach-keys.ts';

const PQ = Buffer.from([0x10, 0x11]);

function typed(keys: Buffer, ...chunks: string[]): [string, boolean] {
  const detach = new DetachKeys(keys);
  let rest = '';
  for (const chunk of chunks) {
    const result = detach.type(Buffer.from(chunk));
    rest += result.rest.toString();
    if (result.isComplete) return [rest, true];
  }
  return [rest, false];
}

for (const [what, chunks, rest, isComplete] of [
  ['at once', ['ab\x10\x11cd'], 'ab', true],
  ['one by one', ['a', '\x10', '\x11', 'b'], 'a', true],
  ['the first alone', ['\x10', 'a'], '\x10a', false],
  ['the first twice', ['\x10\x10\x11x'], '\x10', true],
  ['the second alone', ['\x11'], '\x11', false],
] as const)
  test(`DetachKeys, ${what}, ${isComplete ? 'are' : 'is not'} the keys`, () => {
    assert.deepEqual(typed(PQ, ...chunks), [rest, isComplete]);
  });

test('DetachKeys, none, hands everything on', () => {
  assert.deepEqual(typed(Buffer.alloc(0), 'a\x10\x11'), ['a\x10\x11', false]);
});
