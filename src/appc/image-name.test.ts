import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageName } from './image-name.ts';

test('parseImageName, name, version and labels, are told apart', () => {
  assert.deepEqual(parseImageName('example.com/app'), { name: 'example.com/app', labels: [] });
  assert.deepEqual(parseImageName('example.com/app:1.2,os=linux,channel=a=b&c'), {
    name: 'example.com/app',
    labels: [{ name: 'version', value: '1.2' }, { name: 'os', value: 'linux' }, { name: 'channel', value: 'a=b&c' }],
  });
  assert.deepEqual(parseImageName('app,version=3').labels, [{ name: 'version', value: '3' }]);
});

test('parseImageName, malformed texts, are refused as rkt does', () => {
  const texts: [string, RegExp][] = [
    ['a,os=li:nux', /^AppcError: malformed app string - colon may appear only right after the app name$/],
    ['a:1:2', /^AppcError: malformed app string - colon may appear at most once$/],
    ['a,os', /^AppcError: malformed string "name=a,os" - has a label without a value: os$/],
    ['a:1,version=2', /^AppcError: label version with multiple values \["1" "2"\]$/],
    ['a,name=b', /^AppcError: label name with multiple values \["a" "b"\]$/],
    ['', /ACIdentifier cannot be empty/],
    ['A', /ACIdentifier must contain only/],
    ['../x', /ACIdentifier must start and end/],
    ['a,O=x', /ACIdentifier must contain only/],
    ['a,=x', /ACIdentifier cannot be empty/],
  ];
  for (const [text, message] of texts) assert.throws(() => parseImageName(text), message, text);
});
