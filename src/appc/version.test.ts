import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAcVersion } from './version.ts';

test('parseAcVersion, semantic versions, come back in their plain form', () => {
  assert.equal(parseAcVersion('0.8.11'), '0.8.11');
  assert.equal(parseAcVersion('1.30.0+git'), '1.30.0+git');
  assert.equal(parseAcVersion('1.0.0-rc.1+build.5'), '1.0.0-rc.1+build.5');
  assert.equal(parseAcVersion('01.2.3-'), '1.2.3');
});

test('parseAcVersion, what is none, is refused', () => {
  for (const text of ['', '1', '1.2', '1.2.x', 'v1.2.3', '1.2.3.4', '-1.2.3', ' 1.2.3']) {
    assert.throws(() => parseAcVersion(text), /SemVer is bad/, text);
  }
  assert.throws(() => parseAcVersion('0.0.0'), /SemVer cannot be zero/);
});
