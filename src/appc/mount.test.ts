import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMount, parseMountVolume } from './mount.ts';

test('parseMount, volume and target, in any order', () => {
  assert.deepEqual(parseMount('volume=data,target=/var/lib'), { volume: 'data', path: '/var/lib' });
  assert.deepEqual(parseMount('target=/a%2Cb+c,volume=data'), { volume: 'data', path: '/a,b+c' });
});

test('parseMount, malformed texts, are refused', () => {
  const texts: [string, RegExp][] = [
    ['volume=D,target=/a', /^invalid volume name "D" in --mount flag "volume=D,target=\/a": ACName must contain/],
    ['volume=d,target=/a,kind=host', /^unknown mount parameter "kind"$/],
    ['target=/a', /^volume must be set/],
    ['volume=d', /^target must be set/],
    ['volume=d,target=', /^target must be set/],
    ['volume=d,target=%zz', /^invalid URL escape/],
    ['volume=d,target=/a%00b', /^invalid URL escape/],
    ['', /malformed string/],
  ];
  for (const [text, message] of texts) assert.throws(() => parseMount(text), { code: 'bad-mount', message }, text);
});

test('parseMountVolume, a volume and its target in one, is both', () => {
  assert.deepEqual(parseMountVolume('name=d,kind=host,source=/a,target=/b'), {
    volume: 'd', path: '/b', appVolume: { name: 'd', kind: 'host', source: '/a' },
  });
  assert.throws(() => parseMountVolume('name=d,kind=empty'), { code: 'bad-mount', message: 'missing target= parameter' });
  assert.throws(() => parseMountVolume('name=d,target=/b'), /^AppcError: error parsing volume component of MountVolume: unrecognized volume kind/);
});
