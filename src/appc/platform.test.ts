import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appcPlatform, goPlatform } from './platform.ts';

test('platforms, of Linux, map both ways', () => {
  for (const arch of ['amd64', 'i386', 'aarch64', 'armv6l', 'armv7l', 'ppc64', 'ppc64le', 's390x']) {
    assert.deepEqual(appcPlatform(goPlatform({ os: 'linux', arch })), { os: 'linux', arch });
  }
});

test('appcPlatform, variants, count for arm alone', () => {
  assert.equal(appcPlatform({ os: 'linux', architecture: 'arm64', variant: 'v8' }).arch, 'aarch64');
  assert.equal(appcPlatform({ os: 'linux', architecture: 'arm' }).arch, 'armv6l');
  assert.equal(appcPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' }).arch, 'armv7l');
});

test('platforms, nobody knows, are refused', () => {
  assert.throws(() => appcPlatform({ os: 'linux', architecture: 'riscv64' }), /unknown arch tuple: "linux" - "riscv64" - ""/);
  assert.throws(() => appcPlatform({ os: 'linux', architecture: 'arm', variant: 'v5' }), { code: 'bad-label' });
  assert.throws(() => goPlatform({ os: 'plan9', arch: 'amd64' }), /unknown arch tuple: "plan9" - "amd64"/);
});
