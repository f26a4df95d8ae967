import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageId } from './image-id.ts';

const hex = '0123456789abcdef'.repeat(8);

test('parseImageId, 64 or 128 digits, keeps the first 64', () => {
  assert.equal(parseImageId(`sha512-${hex.slice(0, 64)}`), `sha512-${hex.slice(0, 64)}`);
  assert.equal(parseImageId(`sha512-${hex}`), `sha512-${hex.slice(0, 64)}`);
});

test('parseImageId, anything else, is refused', () => {
  const bad = ['', 'sha512-', `sha512-${hex.slice(1, 64)}`, `sha256-${hex.slice(64)}`, `sha512-${hex.slice(64).toUpperCase()}`, `sha512-${hex.slice(64)}\n`];
  for (const text of bad) assert.throws(() => parseImageId(text), { code: 'bad-image-id' }, text);
});
