import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerOf, listOf, objectOf, optional, parseDocument, required, stringOf } from './decode.ts';

const decodeAny = (json: string): unknown => parseDocument('document', json, (value) => value);

test('parseDocument, text that is no JSON, says so and names the document', () => {
  for (const json of ['', '{', '{"a":1,}', "{'a':1}", '\ufeff{}', '{"a":"\u0001"}', 'NaN']) {
    assert.throws(() => decodeAny(json), { code: 'bad-manifest', message: /^bad document: not JSON: / }, json);
  }
});

test('parseDocument, a name twice in one object, is refused', () => {
  assert.throws(() => decodeAny('{"a":1,"a":2}'), /same name twice/);
  assert.throws(() => decodeAny('{"a":[{"b":1,"\\u0062":2}]}'), /same name twice/);
  assert.throws(() => decodeAny('{"__proto__":1,"__proto__":2}'), /same name twice/);
});

test('parseDocument, strings that look like names, are no names', () => {
  const value = { 'a"b': 'x":', 'c\\': '\\":\\"', d: ['"e":1', ':', '\\'], e: {}, '': '', __proto__x: '{"a":1,"a":2}' };
  assert.deepEqual(decodeAny(JSON.stringify(value)), value);
  assert.deepEqual(decodeAny('{ "a" \n : "b" }'), { a: 'b' });
});

test('parseDocument, random values, come through the check for double names', () => {
  let seed = 7;
  const next = (limit: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % limit;
  const text = (): string => Array.from({ length: next(6) }, () => '"\\:{}[], ab\n'[next(12)]).join('');
  const random = (depth: number): unknown => {
    const kind = next(depth > 4 ? 2 : 4);
    if (kind === 0) return text();
    if (kind === 1) return next(100);
    const items = Array.from({ length: next(5) }, () => random(depth + 1));
    return kind === 2 ? items : Object.fromEntries(items.map((item) => [text(), item]));
  };
  for (let round = 0; round < 500; round += 1) {
    const value = random(0);
    assert.deepEqual(decodeAny(JSON.stringify(value, undefined, next(3))), value);
  }
});

test('parseDocument, deep nesting, is refused and not a stack overflow', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  assert.doesNotThrow(() => decodeAny(nested(64)));
  assert.throws(() => decodeAny(nested(65)), /nested deeper than 64 levels/);
  assert.throws(() => decodeAny(nested(1_000_000)), { code: 'bad-manifest' });
});

test('parseDocument, a text beyond the limit, is refused', () => {
  assert.throws(() => decodeAny(JSON.stringify('a'.repeat(4 * 1024 * 1024))), /longer than 4194304 characters/);
  assert.doesNotThrow(() => decodeAny(JSON.stringify('\\"'.repeat(900_000))));
});

test('parseDocument, a wrong type deep inside, names the way to it', () => {
  const decode = (value: unknown): unknown =>
    required(objectOf(value), 'apps', listOf((app) => required(objectOf(app), 'port', integerOf(1, 9))));
  const parse = (json: string): unknown => parseDocument('thing', json, decode);
  assert.throws(() => parse('{"apps":[{"port":1},{"port":"1"}]}'), /^AppcError: bad thing: apps\[1\]\.port: must be a number, not a string$/);
  assert.throws(() => parse('{"apps":[{"port":10}]}'), /apps\[0\]\.port: must be an integer from 1 to 9, not 10$/);
  assert.throws(() => parse('{"apps":[{"port":1.5}]}'), /must be an integer/);
  assert.throws(() => parse('{"apps":{}}'), /apps: must be an array, not an object$/);
  assert.throws(() => parse('{"apps":null}'), /bad thing: apps must be set$/);
  assert.throws(() => parse('[]'), /bad thing: must be an object, not an array$/);
});

test('member, a name in other case, is found as Go finds it, the exact one first', () => {
  assert.equal(required({ ACKIND: 'x' }, 'acKind', stringOf), 'x');
  assert.equal(required({ ACKIND: 'x', acKind: 'y' }, 'acKind', stringOf), 'y');
  assert.equal(optional({}, 'constructor', stringOf), undefined);
});

test('stringOf, NUL, is refused, and half a surrogate pair replaced', () => {
  assert.throws(() => stringOf('a\0b'), /NUL/);
  assert.equal(stringOf('\ud800'), '\ufffd');
});
