import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeExposedPort, decodePort, parsePortFlag, parseSandboxPortFlag } from './port.ts';

test('parsePortFlag, with and without an address, is a port on the host', () => {
  assert.deepEqual(parsePortFlag('http:8080'), { name: 'http', hostPort: 8080 });
  assert.deepEqual(parsePortFlag('http:127.0.0.1:8080'), { name: 'http', hostPort: 8080, hostIP: '127.0.0.1' });
  assert.deepEqual(parsePortFlag('http:[::1]:65535'), { name: 'http', hostPort: 65535, hostIP: '::1' });
});

test('parsePortFlag, malformed texts, are refused as rkt does', () => {
  const texts: [string, RegExp][] = [
    ['http', /^"http" is not in name:\[ip:\]port format$/],
    ['f$o:123', /^"f\$o" is not a valid port name: ACName must contain/],
    ['foo:123456', /^"123456" is not a valid port number$/],
    ['foo:65536', /^"65536" is not a valid port number$/],
    ['foo:0', /^"0" is not a valid port number$/],
    ['foo:+1', /^"\+1" is not a valid port number$/],
    ['foo:', /^"" is not a valid port number$/],
    ['foo:bar:1', /^"bar" is not a valid IP$/],
    ['foo:[127.0.0.1]:1', /^"\[127\.0\.0\.1\]" is not a valid IP$/],
    ['foo:::1:80', /is not in name:\[ip:\]port format$/],
    ['foo:[::1:80', /is not in name:\[ip:\]port format$/],
    ['', /is not in name:\[ip:\]port format$/],
  ];
  for (const [text, message] of texts) assert.throws(() => parsePortFlag(text), { code: 'bad-port', message }, text);
});

test('parseSandboxPortFlag, all five parts, are a port of the pod on one of the host', () => {
  assert.deepEqual(parseSandboxPortFlag('http:tcp:80:[::1]:8080'), {
    name: 'http', hostPort: 8080, hostIP: '::1',
    podPort: { name: 'http', protocol: 'tcp', port: 80, count: 1, socketActivated: false },
  });
  assert.throws(() => parseSandboxPortFlag('http:tcp:80:8080'), /--port invalid format/);
  assert.throws(() => parseSandboxPortFlag('http:sctp:80:1.2.3.4:8080'), /invalid protocol "sctp"/);
});

test('decodePort, ranges beyond 65535, are refused', () => {
  const port = { name: 'http', protocol: 'tcp' };
  assert.deepEqual(decodePort({ ...port, port: 80 }), { ...port, port: 80, count: 1, socketActivated: false });
  assert.equal(decodePort({ ...port, port: 65535, count: 1 }).port, 65535);
  for (const number of [0, 65536, -1, 1.5, '80', null]) assert.throws(() => decodePort({ ...port, port: number }), /port must be/);
  assert.throws(() => decodePort({ ...port, port: 65535, count: 2 }), /end of port range must be in 1-65535 range/);
});

test('decodeExposedPort, an address, is checked and made canonical', () => {
  assert.deepEqual(decodeExposedPort({ name: 'a', hostPort: 1, hostIP: '::FFFF:1.2.3.4' }), { name: 'a', hostPort: 1, hostIP: '1.2.3.4' });
  assert.deepEqual(decodeExposedPort({ name: 'a', hostPort: 1, hostIP: '' }), { name: 'a', hostPort: 1 });
  assert.throws(() => decodeExposedPort({ name: 'a', hostPort: 1, hostIP: 'x' }), /invalid IP address: x/);
});
