import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPorts, divideByFamily, type PortTarget } from './published-ports.ts';

const good = { protocol: 'tcp', hostPort: 8080, podPort: 80 };
const four: PortTarget = { family: 4, podIP: '10.0.0.2', neighbours: '10.0.0.2/32' };
const six: PortTarget = { family: 6, podIP: 'fd00::2', neighbours: 'fd00::2/128' };

test('checkPorts, what a packet filter would misread or cannot do, throws', () => {
  for (const bad of [{ protocol: 'tcp\n-F' }, { hostPort: 0 }, { podPort: 70_000 }, { hostIP: '1.2.3.4 -j' }, { hostIP: '' }]) {
    assert.throws(() => checkPorts([{ ...good, ...bad }]), { code: 'port-unsupported' });
  }
  checkPorts([good, { ...good, hostIP: 'fd00::1' }]);
});

test('divideByFamily, a port for each address and one for any, leads to the addresses of their families', () => {
  const [any, v4, v6] = [good, { ...good, hostIP: '0.0.0.0' }, { ...good, hostIP: 'fd00::1' }];
  assert.deepEqual(divideByFamily([any, v4, v6], [four, six]), [
    { target: four, ports: [any, v4] },
    { target: six, ports: [any, v6] },
  ]);
  assert.deepEqual(divideByFamily([v4], [four, six]), [{ target: four, ports: [v4] }]);
});

test('divideByFamily, a port that would lead nowhere, throws', () => {
  assert.throws(() => divideByFamily([{ ...good, hostIP: 'fd00::1' }], [four]), { message: 'cannot publish ports: no network gave an IPv6 address' });
  assert.throws(() => divideByFamily([good], []), { message: 'cannot publish ports: no network gave an IP address' });
});
