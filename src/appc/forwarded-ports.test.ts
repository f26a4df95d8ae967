import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedPorts } from './forwarded-ports.ts';
import { parsePodManifest } from './pod-manifest.ts';
import type { PodManifest } from './types.ts';

function pod(ports: object[], ...appPorts: object[][]): PodManifest {
  const apps = appPorts.map((each, at) => ({
    name: `app${at}`,
    image: { id: `sha512-${'a'.repeat(64)}` },
    app: { exec: ['/x'], user: '0', group: '0', ports: each },
  }));
  return parsePodManifest(JSON.stringify({ acVersion: '0.8.11', acKind: 'PodManifest', apps, ports }));
}

const http = { name: 'http', protocol: 'tcp', port: 80 };

test('forwardedPorts, port of one app, leads there', () => {
  const ports = forwardedPorts(pod([{ name: 'http', hostPort: 8080, hostIP: '127.0.0.1' }], [http]));
  assert.deepEqual(ports, [{ protocol: 'tcp', hostPort: 8080, hostIP: '127.0.0.1', podPort: 80 }]);
});

test('forwardedPorts, any address of one family, is that, and its protocol in any case', () => {
  const ports = forwardedPorts(pod([{ name: 'http', hostPort: 1, hostIP: '0.0.0.0' }, { name: 'http', hostPort: 1, hostIP: '::' }], [{ ...http, protocol: 'TCP' }]));
  assert.deepEqual(ports, ['0.0.0.0', '::'].map((hostIP) => ({ protocol: 'tcp', hostPort: 1, hostIP, podPort: 80 })));
});

test('forwardedPorts, name in no app, throws with the names there are', () => {
  assert.throws(() => forwardedPorts(pod([{ name: 'web', hostPort: 1 }], [http])), {
    code: 'bad-port',
    message: 'port name "web" could not be found in any apps',
    hint: 'the images name these: http',
  });
});

test('forwardedPorts, name in two apps, throws', () => {
  assert.throws(() => forwardedPorts(pod([{ name: 'http', hostPort: 1 }], [http], [http])), /is in more than one app/);
});

test('forwardedPorts, two that want one port of the host, throws', () => {
  const other = { name: 'alt', protocol: 'tcp', port: 81 };
  const wanted = [{ name: 'http', hostPort: 1 }, { name: 'alt', hostPort: 1, hostIP: '127.0.0.1' }];
  assert.throws(() => forwardedPorts(pod(wanted, [http, other])), /tcp-127\.0\.0\.1:1 already mapped to pod port 80/);
  for (const [one, two] of [['0.0.0.0', '127.0.0.1'], ['::1', '::'], ['fd00::1', 'fd00::1']]) {
    const both = [{ name: 'http', hostPort: 1, hostIP: one }, { name: 'alt', hostPort: 1, hostIP: two }];
    assert.throws(() => forwardedPorts(pod(both, [http, other])), /already mapped/, `${one} ${two}`);
  }
});
