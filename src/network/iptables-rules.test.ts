import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planIptables, planRuleRemoval } from './iptables-rules.ts';


const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';

test('planIptables, one port on one address, is one transaction in the chains of the pod', () => {
  const port = { protocol: 'tcp', hostPort: 8080, hostIP: '127.0.0.1', podPort: 80 };
  const target = { family: 4, podIP: '172.16.28.2', neighbours: '172.16.28.2/32' } as const;
  assert.equal(
    planIptables(uuid, { ports: [port], target }),
    `*nat
:RKT-PFWD-DNAT-6f4f2914-c740 - [0:0]
:RKT-PFWD-SNAT-6f4f2914-c740 - [0:0]
-I PREROUTING 1 -m addrtype --dst-type LOCAL -j RKT-PFWD-DNAT-6f4f2914-c740
-I OUTPUT 1 -m addrtype --dst-type LOCAL -j RKT-PFWD-DNAT-6f4f2914-c740
-I POSTROUTING 1 -d 172.16.28.2 -j RKT-PFWD-SNAT-6f4f2914-c740
-A RKT-PFWD-DNAT-6f4f2914-c740 -d 127.0.0.1 -p tcp --dport 8080 -j DNAT --to-destination 172.16.28.2:80
-A RKT-PFWD-SNAT-6f4f2914-c740 -s 127.0.0.1 -d 172.16.28.2 -p tcp --dport 80 -j MASQUERADE
-A RKT-PFWD-SNAT-6f4f2914-c740 -s 172.16.28.2/32 -d 172.16.28.2 -p tcp --dport 80 -j MASQUERADE
COMMIT
`,
  );
});

test('planIptables, IPv6, has the address of the pod in brackets where a port follows', () => {
  const target = { family: 6, podIP: 'fd00::2', neighbours: 'fd00::2/64' } as const;
  const rules = planIptables(uuid, { ports: [{ protocol: 'udp', hostPort: 53, podPort: 5353 }], target });
  assert.match(rules, /^-A RKT-PFWD-DNAT-\S+ ! -d ::1 -p udp --dport 53 -j DNAT --to-destination \[fd00::2\]:5353$/m);
  const reached = planIptables(uuid, { ports: [{ protocol: 'udp', hostPort: 53, podPort: 5353 }], target, loopback: { hostIP: 'fd00::1', clientPorts: [100, 200] } });
  assert.match(reached, /^-A RKT-PFWD-DNAT-\S+ -p udp --dport 53 -j DNAT /m);
  assert.match(rules, /^-A RKT-PFWD-SNAT-\S+ -s fd00::2\/64 -d fd00::2 -p udp --dport 5353 -j MASQUERADE$/m);
});

test('planRuleRemoval, rules of two pods, takes out the chains of one and the jumps to them', () => {
  const comment = (id: string): string => `-m comment --comment "name: \\"default\\" id: \\"${id}\\""`;
  const other = '7'.repeat(36);
  const saved = [
    '*nat',
    ':POSTROUTING ACCEPT [0:0]',
    ':CNI-aa01 - [0:0]',
    ':CNI-bb02 - [0:0]',
    ':RKT-PFWD-DNAT-6f4f2914-c740 - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j RKT-PFWD-DNAT-6f4f2914-c740',
    `-A POSTROUTING -s 172.16.28.2/32 ${comment(uuid)} -j CNI-aa01`,
    `-A POSTROUTING -s 172.16.28.3/32 ${comment(other)} -j CNI-bb02`,
    `-A CNI-aa01 -d 172.16.28.0/24 ${comment(uuid)} -j ACCEPT`,
    `-A CNI-bb02 -d 172.16.28.0/24 ${comment(other)} -j ACCEPT`,
    '-A RKT-PFWD-DNAT-6f4f2914-c740 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.16.28.2:80',
    'COMMIT',
  ].join('\n');
  assert.equal(
    planRuleRemoval(saved, uuid),
    `*nat
-D PREROUTING -m addrtype --dst-type LOCAL -j RKT-PFWD-DNAT-6f4f2914-c740
-D POSTROUTING -s 172.16.28.2/32 ${comment(uuid)} -j CNI-aa01
-F RKT-PFWD-DNAT-6f4f2914-c740
-F CNI-aa01
-X RKT-PFWD-DNAT-6f4f2914-c740
-X CNI-aa01
COMMIT
`,
  );
  assert.equal(planRuleRemoval(saved, 'f'.repeat(36)), undefined);
});
