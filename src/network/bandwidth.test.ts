import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLinks, planQueues } from './bandwidth.ts';

test('planQueues, two interfaces, bounds both directions of each', () => {
  const interfaces = ['eth0', 'eth1'];
  assert.equal(planLinks({ interfaces }), 'link add in-eth0 type ifb\nlink set in-eth0 up\nlink add in-eth1 type ifb\nlink set in-eth1 up\n');
  const lines = planQueues({ interfaces, bytesPerSecond: 1_000_000 }).split('\n').filter((line) => line !== '');
  assert.equal(lines.length, 8);
  assert.deepEqual(lines.slice(4), [
    'qdisc add dev eth1 root tbf rate 1000000bps burst 65536 latency 50ms',
    'qdisc add dev in-eth1 root tbf rate 1000000bps burst 65536 latency 50ms',
    'qdisc add dev eth1 ingress',
    'filter add dev eth1 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev in-eth1',
  ]);
  assert.match(planQueues({ interfaces: ['eth0'], bytesPerSecond: 1e9 }), /rate 1000000000bps burst 10000000 /);
});
