import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderGoJson, sortedMap } from './go-json.ts';

test('renderGoJson, characters Go escapes, are escaped as Go 1.19 does', () => {
  const written = String.raw`"\u003cb\u003e \u0026 \u2028\u2029 \"\\ \n\r\t \u0008\u000c\u0000\u001f ` + '\u007f é 😀 /"';
  assert.equal(renderGoJson('<b> & \u2028\u2029 "\\ \n\r\t \b\f\0\x1f \x7f é 😀 /'), written);
  assert.equal(renderGoJson('\\b\\f\\u'), String.raw`"\\b\\f\\u"`);
  assert.equal(renderGoJson('\ud800'), '"\ufffd"');
});

test('renderGoJson, random texts, read back as they were', () => {
  let seed = 3;
  const next = (limit: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % limit;
  for (let round = 0; round < 1000; round += 1) {
    const text = Array.from({ length: next(9) }, () => '\\"bfnu<>&\b\f\u2028é'[next(13)]).join('');
    assert.equal(JSON.parse(renderGoJson(text)), text);
    assert.doesNotMatch(renderGoJson(text), /[<>&\u2028\b\f]/);
  }
});

test('renderGoJson, with and without indent, is as Marshal and MarshalIndent', () => {
  const value = { a: [1, { b: null }], none: undefined, empty: [], nothing: {}, t: true };
  assert.equal(renderGoJson(value), '{"a":[1,{"b":null}],"empty":[],"nothing":{},"t":true}');
  const indented = '{\n\t"a": [\n\t\t1,\n\t\t{\n\t\t\t"b": null\n\t\t}\n\t],\n\t"empty": [],\n\t"nothing": {},\n\t"t": true\n}';
  assert.equal(renderGoJson(value, '\t'), indented);
});

test('sortedMap, any names, stand in the order of their bytes', () => {
  const record = { '10': 'a', '9': 'b', b: 'c', B: 'd', '\uffff': 'e', '😀': 'f', ...JSON.parse('{"__proto__":"g"}') };
  assert.equal(renderGoJson(sortedMap(record)), '{"10":"a","9":"b","B":"d","__proto__":"g","b":"c","\uffff":"e","😀":"f"}');
  assert.equal(sortedMap({}), undefined);
});
