import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portMappings, runtimeConfigOf, splitArgs } from './capability-args.ts';
import { parseNetworkConf } from './network-conf.ts';

function conf(...capabilities: string[]) {
  const declared = Object.fromEntries(capabilities.map((name) => [name, true]));
  const plugins = [{ type: 'bridge', capabilities: declared }, { type: 'tuning', capabilities: { mac: false } }];
  return parseNetworkConf('/x/1.conflist', JSON.stringify({ name: 'n', cniVersion: '1.0.0', plugins }));
}

test('splitArgs, nothing declared, leaves all to CNI_ARGS', () => {
  assert.deepEqual(splitArgs(conf(), 'IP=10.1.2.3;K=V;mac=x'), { args: 'IP=10.1.2.3;K=V;mac=x', capabilityArgs: {} });
  assert.deepEqual(splitArgs(conf(), ''), { args: '', capabilityArgs: {} });
});

test('splitArgs, arguments of declared capabilities, are values, numbers, lists and parts of objects', () => {
  const args = 'ips=10.1.2.3/24;mac=02:00:00:00:00:01;bandwidth.ingressRate=8000;bandwidth.ingressBurst=900;aliases=a;aliases=b;K=V';
  assert.deepEqual(splitArgs(conf('ips', 'mac', 'bandwidth', 'aliases'), args), {
    args: 'K=V',
    capabilityArgs: {
      ips: ['10.1.2.3/24'],
      mac: '02:00:00:00:00:01',
      bandwidth: { ingressRate: 8000, ingressBurst: 900 },
      aliases: ['a', 'b'],
    },
  });
});

test('splitArgs, IP and MAC, are capabilities where those are declared', () => {
  assert.deepEqual(splitArgs(conf('ips', 'mac'), 'IP=10.1.2.3;MAC=aa:bb'), {
    args: '',
    capabilityArgs: { ips: ['10.1.2.3'], mac: 'aa:bb' },
  });
});

test('runtimeConfigOf, a plugin, has what it declares and nothing else', () => {
  const [bridge, tuning] = conf('ips').plugins;
  assert.deepEqual(runtimeConfigOf(bridge!, { ips: ['1'], mac: 'x' }), { runtimeConfig: { ips: ['1'] } });
  assert.deepEqual(runtimeConfigOf(tuning!, { ips: ['1'], mac: 'x' }), {});
});

test('portMappings, of a port on ::1, throws', () => {
  const port = { protocol: 'tcp', hostPort: 80, podPort: 80 };
  assert.deepEqual(portMappings([port]), { portMappings: [{ hostPort: 80, containerPort: 80, protocol: 'tcp' }] });
  assert.throws(() => portMappings([port, { ...port, hostIP: '::1' }]), { code: 'port-unsupported' });
});
