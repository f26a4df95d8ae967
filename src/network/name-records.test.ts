import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planServerConfig } from './name-records.ts';
import { hexOf } from './name-server.ts';

const on = (network: string, listen: string, addresses: readonly string[], upstream: readonly string[] = []) => ({ network, listen, addresses, upstream });

test('planServerConfig, pods on one network and on two, is a file a network with a line a pod', () => {
  const living = new Map([
    ['u1', { dataDir: '/d', names: ['web', 'rkt-u1'], networks: [on('front', '10.1.0.1', ['10.1.0.2', 'fd01::2'])] }],
    ['u2', { dataDir: '/d', names: ['db'], networks: [on('front', '10.1.0.1', ['10.1.0.3'], ['9.9.9.9']), on('aardvark.pid', 'fd02::1', ['fd02::3'])] }],
  ]);
  assert.deepEqual(Object.fromEntries(planServerConfig(living)), {
    'net.front': '10.1.0.1\nu1 10.1.0.2 fd01::2 web,web.pod,rkt-u1,rkt-u1.pod\nu2 10.1.0.3  db,db.pod 9.9.9.9\n',
    'net.aardvark.pid': 'fd02::1\nu2  fd02::3 db,db.pod\n',
  });
  assert.equal(planServerConfig(new Map()).size, 0);
});

test('hexOf, addresses of both families, are as /proc/net/udp has them', () => {
  assert.equal(hexOf('127.0.0.1'), '0100007F');
  assert.equal(hexOf('::1'), '00000000000000000000000001000000');
  assert.equal(hexOf('fd01:2::a0:1'), '020001FD00000000000000000100A000');
});
