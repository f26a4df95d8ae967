import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPort } from './published-ports.ts';
import { planNftLoopback, planNftRemoval, planNftTable } from './nft-rules.ts';

const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
const name = 'rkt_6f4f2914_c740_4285_b9d2_7d2920c83493';

test('planNftTable, ports of both families and masquerading, is one table in place of the one before', () => {
  const text = planNftTable(
    uuid,
    [
      { target: { family: 4, podIP: '10.0.0.2', neighbours: '10.0.0.2/24' }, ports: [{ protocol: 'tcp', hostPort: 80, hostIP: '127.0.0.1', podPort: 8080 }] },
      { target: { family: 6, podIP: 'fd00::2', neighbours: 'fd00::2/64' }, ports: [{ protocol: 'udp', hostPort: 53, podPort: 53 }] },
    ],
    [{ family: 4, podIP: '10.0.0.2', network: '10.0.0.2/24' }],
  );
  assert.ok(text.startsWith(planNftRemoval(uuid)));
  assert.deepEqual(text.match(/^.*(dnat ip|masquerade).*$/gm)?.map((line) => line.trim()), [
    'meta nfproto ipv4 ip daddr 127.0.0.1 tcp dport 80 dnat ip to 10.0.0.2:8080',
    'meta nfproto ipv6 ip6 daddr != ::1 udp dport 53 dnat ip6 to [fd00::2]:53',
    'ip saddr 127.0.0.1 ip daddr 10.0.0.2 tcp dport 8080 masquerade',
    'ip saddr 10.0.0.2/24 ip daddr 10.0.0.2 tcp dport 8080 masquerade',
    'ip6 saddr fd00::2/64 ip6 daddr fd00::2 udp dport 53 masquerade',
    'ip saddr 10.0.0.2 ip daddr != { 10.0.0.2/24, 224.0.0.0/4 } masquerade',
  ]);
});

test('planNftLoopback, ports of which some are on ::1 too, leads those there and back', () => {
  const on = (hostPort: number, hostIP?: string): PublishedPort => ({ protocol: 'tcp', hostPort, podPort: 80, ...(hostIP === undefined ? {} : { hostIP }) });
  const target = { family: 6, podIP: 'fd00::2', neighbours: 'fd00::2/64', hostIP: 'fd00::1' } as const;
  const text = planNftLoopback(uuid, { target, ports: [on(1), on(2, '::1'), on(3, '::'), on(4, '2001:db8::1'), on(150)], loopback: { hostIP: 'fd00::1', clientPorts: [100, 200] } });
  assert.ok(text.startsWith(planNftRemoval(uuid)));
  assert.deepEqual(text.match(/^.* set .*$/gm)?.map((line) => line.trim()), [
    ...[1, 2, 3].map((port) => `ip6 saddr ::1 ip6 daddr ::1 tcp dport ${port} ip6 saddr set fd00::1`),
    'ip6 saddr ::1 ip6 daddr ::1 tcp dport 150 tcp sport 100-200 ip6 saddr set fd00::1',
    'iif != lo ip6 saddr ::1 ip6 daddr fd00::1 ip6 daddr set ::1',
  ]);
  assert.doesNotMatch(text, / nat /);
});

test('planNftRemoval, a pod, works without the table too', () => {
  assert.equal(planNftRemoval(uuid), `table inet ${name}\ndelete table inet ${name}\n`);
});
