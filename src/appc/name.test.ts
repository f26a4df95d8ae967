import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appNameOf, parseAcIdentifier, parseAcName, sanitizeAcIdentifier, sanitizeAcName } from './name.ts';

test('parseAcName, names of the grammar, come back as they are', () => {
  for (const name of ['a', '0', 'database', 'app-1', 'a--b']) assert.equal(parseAcName(name), name);
});

test('parseAcName, anything else, says which rule it breaks', () => {
  assert.throws(() => parseAcName(''), { code: 'bad-name', message: 'ACName cannot be empty' });
  assert.throws(() => parseAcName('-a'), /^AppcError: ACName must start and end with only lower case alphanumeric characters$/);
  for (const name of ['A', 'a.b', 'a/b', '../x', 'a\n', 'a\0', 'é', ' a']) {
    assert.throws(() => parseAcName(name), /ACName must contain only lower case alphanumeric characters plus "-"$/, name);
  }
});

test('parseAcIdentifier, dots and slashes, are inside only', () => {
  for (const name of ['example.com/reduce-worker', 'a..b', 'a//b', 'x~_y']) assert.equal(parseAcIdentifier(name), name);
  assert.throws(() => parseAcIdentifier(''), /ACIdentifier cannot be empty/);
  for (const name of ['../etc', '/etc', 'a/', 'a/..', '.']) assert.throws(() => parseAcIdentifier(name), /must start and end/, name);
  for (const name of ['Example.com/a', 'a:b', 'a@b', 'a\n']) assert.throws(() => parseAcIdentifier(name), /must contain only/, name);
});

test('parseAcIdentifier, a hundred thousand separators, takes no time', () => {
  assert.throws(() => parseAcIdentifier(`a${'-'.repeat(100_000)}`), /must start and end/);
  assert.throws(() => sanitizeAcIdentifier('-'.repeat(100_000)), /at least one valid character/);
});

test('sanitize, foreign characters, are replaced and edges trimmed', () => {
  assert.equal(sanitizeAcName('Foo_Bar.'), 'foo-bar');
  assert.equal(sanitizeAcIdentifier('Foo:Bar/é@'), 'foo_bar');
  assert.throws(() => sanitizeAcName('___'), { code: 'bad-name' });
});

test('sanitize, random texts, give names that parse and stay', () => {
  let seed = 42;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31);
  for (let round = 0; round < 2000; round += 1) {
    const text = `a${String.fromCharCode(...Array.from({ length: next() % 12 }, () => next() % 300))}b`;
    assert.equal(sanitizeAcName(parseAcName(sanitizeAcName(text))), sanitizeAcName(text));
    assert.equal(sanitizeAcIdentifier(parseAcIdentifier(sanitizeAcIdentifier(text))), sanitizeAcIdentifier(text));
  }
});

test('appNameOf, an image name, is its last component as a name', () => {
  assert.equal(appNameOf(parseAcIdentifier('example.com/reduce-worker')), 'reduce-worker');
  assert.equal(appNameOf(parseAcIdentifier('busybox')), 'busybox');
  assert.equal(appNameOf(parseAcIdentifier('example.com/my_app.v2')), 'my-app-v2');
});
