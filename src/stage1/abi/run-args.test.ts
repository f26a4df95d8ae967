import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTERFACE_VERSION, parseRunArgs, renderRunArgs } from './run-args.ts';
import type { RunArgs } from './types.ts';

const all: RunArgs = {
  uuid: '6f4f2914-c740-4285-b9d2-7d2920c83493',
  debug: true,
  net: 'default:IP=172.16.28.9,other',
  mdsToken: 'token',
  interactive: true,
  localConfig: '/etc/rkt',
  privateUsers: '65536:65536',
  hostname: 'web',
  disableCapabilitiesRestriction: true,
  disablePaths: true,
  disableSeccomp: true,
  dnsConfMode: { resolv: 'stage0', hosts: 'host' },
  mutable: true,
  ipc: 'private',
};

test('renderRunArgs, everything set at the newest version, parses back to the same', () => {
  const { argv, unsupported } = renderRunArgs(all, INTERFACE_VERSION);
  assert.deepEqual(unsupported, []);
  assert.deepEqual(parseRunArgs(argv), all);
});

test('renderRunArgs, an old stage1, leaves out and names what it cannot know', () => {
  const { argv, unsupported } = renderRunArgs(all, 1);
  assert.deepEqual(argv, [
    '--debug', '--net=default:IP=172.16.28.9,other', '--interactive', '--private-users=65536:65536',
    '--mds-token=token', '--local-config=/etc/rkt', all.uuid,
  ]);
  assert.deepEqual(unsupported, [
    '--hostname', '--dns-conf-mode', '--disable-capabilities-restriction', '--disable-paths', '--disable-seccomp',
    '--mutable', '--ipc',
  ]);
});

test('parseRunArgs, an unknown argument, throws', () => {
  assert.throws(() => parseRunArgs(['--frobnicate', all.uuid]), /unknown stage1 run argument --frobnicate/);
});

test('parseRunArgs, no UUID, throws', () => {
  assert.throws(() => parseRunArgs(['--net=none']), /needs the UUID/);
});
