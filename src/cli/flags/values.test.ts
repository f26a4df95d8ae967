import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBool, parseOptionList } from './values.ts';

test("parseBool, each of Go's spellings, is understood and no other", () => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(parseBool(text), true, text);
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) assert.equal(parseBool(text), false, text);
  for (const text of ['', 'yes', 'tRUE', 'constructor']) assert.equal(parseBool(text), undefined, text);
});

test('parseOptionList, empty text, is the empty list', () => {
  assert.deepEqual(parseOptionList(''), []);
  assert.deepEqual(parseOptionList('ID,Name'), ['id', 'name']);
});
