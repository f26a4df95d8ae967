import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addHost, renderResolvConf } from './pod-files.ts';
import { appCgroup, podCgroup } from './pod-paths.ts';

test('addHost, an address that is there, gets one more name', () => {
  assert.equal(addHost('::1 six\n127.0.0.1 localhost\n127.0.0.1 again\n', '127.0.0.1', 'me'), '::1 six\n127.0.0.1 localhost me\n127.0.0.1 again\n');
});

test('addHost, an address that is not there, gets a line', () => {
  assert.equal(addHost('10.0.0.1 x', '127.0.0.1', 'me'), '10.0.0.1 x\n127.0.0.1 me\n');
});

test('renderResolvConf, everything, is one line each', () => {
  const dns = { nameservers: ['1.1.1.1', '2.2.2.2'], search: ['a.org', 'b.org'], domain: 'a.org', options: ['rotate'] };
  assert.equal(renderResolvConf(dns), 'search a.org b.org\nnameserver 1.1.1.1\nnameserver 2.2.2.2\noptions rotate\ndomain a.org\n');
  assert.equal(renderResolvConf({ nameservers: [], search: [], options: [] }), '');
});

test('appCgroup, a pod, is named as machined does', () => {
  assert.equal(appCgroup(podCgroup('12-34'), 'web'), '/machine.slice/machine-rkt\\x2d12\\x2d34.scope/system.slice/web.service');
});
