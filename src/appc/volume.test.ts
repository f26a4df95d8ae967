import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeVolume, parseVolume } from './volume.ts';

test('parseVolume, host and empty volumes, get what they say and the defaults', () => {
  assert.deepEqual(parseVolume('data,kind=host,source=/srv/a=b,readOnly=true,recursive=0'), {
    name: 'data', kind: 'host', source: '/srv/a=b', readOnly: true, recursive: false,
  });
  assert.deepEqual(parseVolume('tmp,kind=empty'), { name: 'tmp', kind: 'empty', mode: '0755', uid: 0, gid: 0 });
  assert.deepEqual(parseVolume('tmp,kind=empty,mode=1777,uid=5,gid=6'), { name: 'tmp', kind: 'empty', mode: '1777', uid: 5, gid: 6 });
});

test('parseVolume, malformed texts, name the flag and the reason', () => {
  const texts: [string, RegExp][] = [
    ['data', /invalid value in --volume flag "data": unrecognized volume kind: should be one of "empty", "host"$/],
    ['data,kind=disk', /unrecognized volume kind/],
    ['data,kind', /malformed string "name=data,kind" - has a label without a value: kind$/],
    ['data,kind=host', /source for host volume cannot be empty/],
    ['data,kind=host,source=a', /source for host volume must be absolute path/],
    ['data,kind=host,source=/a,mode=1', /mode for host volume cannot be set/],
    ['data,kind=host,source=/a,uid=1', /uid for host volume cannot be set/],
    ['data,kind=empty,source=/a', /source for empty volume must be empty/],
    ['data,kind=empty,mode=999', /mode for empty volume must be octal, not "999"/],
    ['data,kind=empty,uid=-1', /strconv\.Atoi: parsing "-1": invalid syntax/],
    ['data,kind=empty,uid=4294967295', /uid and gid/],
    ['data,kind=host,source=/a,readOnly=yes', /strconv\.ParseBool: parsing "yes": invalid syntax/],
    ['data,kind=host,source=/a,source=/b', /label source with multiple values \["\/a" "\/b"\]/],
    ['data,kind=host,source=/a,size=1', /unknown volume parameter "size"/],
    ['data,kind=host,source=/a\0b', /NUL/],
    ['D,kind=empty', /ACName must contain only/],
  ];
  for (const [text, message] of texts) assert.throws(() => parseVolume(text), { code: 'bad-volume', message }, text);
});

test('decodeVolume, JSON, follows the same rules', () => {
  assert.deepEqual(decodeVolume({ name: 'a', kind: 'empty', mode: null }), { name: 'a', kind: 'empty', mode: '0755', uid: 0, gid: 0 });
  assert.throws(() => decodeVolume({ name: 'a', kind: 'host', source: 'x' }), /absolute path/);
  assert.throws(() => decodeVolume({ name: 'a', kind: 'empty', uid: 1.5 }), /must be an integer/);
  assert.throws(() => decodeVolume({ kind: 'empty' }), /name must be set/);
});
