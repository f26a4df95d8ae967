import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestAlgorithm, digestHex, parseDigest } from './digest.ts';

test('parseDigest, sha256 and sha512, come apart again', () => {
  for (const [algorithm, length] of [['sha256', 64], ['sha512', 128]] as const) {
    const digest = parseDigest(`${algorithm}:${'0f'.repeat(length / 2)}`);
    assert.equal(digestAlgorithm(digest), algorithm);
    assert.equal(digestHex(digest), '0f'.repeat(length / 2));
  }
});

test('parseDigest, bad hex or length, throws', () => {
  const hex = 'a'.repeat(64);
  for (const text of ['', hex, 'sha256:', `sha256:${hex}a`, `sha256:${hex.toUpperCase()}`, `sha512:${hex}`, `sha256:${hex}\n`, `sha256:${'/'.repeat(64)}`, `SHA256:${hex}`]) {
    assert.throws(() => parseDigest(text), { code: 'bad-digest', message: /is not a digest$/ }, text);
  }
  assert.throws(() => parseDigest(`md5:${'a'.repeat(32)}`), /of the kind "md5", which is not supported/);
});
