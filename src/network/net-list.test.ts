import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetList } from './net-list.ts';

const parsed = (...values: string[]): string => JSON.stringify(parseNetList(values));

test('parseNetList, the forms of --net, gives host, none or the networks with arguments', () => {
  assert.equal(parsed(), '{"kind":"contained","all":false,"names":[{"name":"default","args":""}]}');
  assert.equal(parsed('host'), '{"kind":"host"}');
  assert.equal(parsed('none'), '{"kind":"none"}');
  assert.equal(parsed('default', 'host'), '{"kind":"host"}');
  assert.equal(
    parsed('all,net1:k1=v1;k2=v2', 'net2'),
    '{"kind":"contained","all":true,"names":[{"name":"net1","args":"k1=v1;k2=v2"},{"name":"net2","args":""}]}',
  );
});

test('parseNetList, bad lists, throws with the texts of rkt', () => {
  const cases: [string[], string][] = [
    [[''], 'netname must not be empty'],
    [['a,,b'], 'netname must not be empty'],
    [['a', 'a:IP=1'], 'found duplicate netname "a"'],
    [['all:x=1'], 'arguments are not supported by special netname "all"'],
    [['host:x=1'], 'arguments are not supported by special netname "host"'],
    [['n:a:b'], 'network "n" provided with invalid arguments: [a b]'],
  ];
  for (const [values, message] of cases) assert.throws(() => parseNetList(values), { code: 'net-list-invalid', message });
});

test('parseNetList, values with colons, are whole', () => {
  const list = { kind: 'contained', all: false, names: [{ name: 'n', args: 'mac=02:00:00:00:00:01;ips=fd00::2/64' }] };
  assert.deepEqual(parseNetList(['n:mac=02:00:00:00:00:01;ips=fd00::2/64']), list);
  assert.throws(() => parseNetList(['n:a:b']), { message: 'network "n" provided with invalid arguments: [a b]' });
});
