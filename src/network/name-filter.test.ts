import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planNameFilter } from './name-filter.ts';

const on = (listen: string, ...addresses: readonly string[]): object => ({ network: 'web', listen, addresses, upstream: [] });
const pods = (...networks: readonly object[][]): never => new Map(networks.map((each, index) => [String(index), { dataDir: '/', names: [], networks: each }])) as never;

test('planNameFilter, pods of two networks, refuses at the address of each all but its own', () => {
  const text = planNameFilter(pods([on('10.0.0.1', '10.0.0.2', 'fd00::2')], [on('10.0.0.1', '10.0.0.3'), on('fd01::1', '10.1.0.2', 'fd01::2')]));
  assert.deepEqual(text.match(/^.* reject$/gm)?.map((line) => line.trim()), [
    'iif != lo ip daddr 10.0.0.1 ip saddr != { 10.0.0.2, 10.0.0.3 } meta l4proto { tcp, udp } th dport 53 reject',
    'iif != lo ip6 daddr fd01::1 ip6 saddr != { fd01::2 } meta l4proto { tcp, udp } th dport 53 reject',
  ]);
});

test('planNameFilter, no pod with names, is no table', () => {
  assert.equal(planNameFilter(pods()), 'table inet rkt_names\ndelete table inet rkt_names\n');
});
