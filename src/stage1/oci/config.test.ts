import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { IsolatorValue } from '#appc';
import type { AppPlan } from '#stage1/apps';
import { type ConfigInput, planConfig } from './config.ts';
import { podCgroup } from './pod-paths.ts';

const DEFAULT_CAPABILITIES = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_SYS_ADMIN'];

const plan: AppPlan = {
  name: 'web',
  app: { exec: ['/bin/web'], user: '0', group: '0' },
  rootfs: '/var/lib/rkt/pods/run/u/stage1/rootfs/opt/stage2/web/rootfs',
  readOnlyRootfs: false,
  args: ['/bin/web', '-v'],
  environment: new Map([['PATH', '/bin'], ['AC_APP_NAME', 'web']]),
  cwd: '/srv',
  uid: 0,
  gid: 0,
  supplementaryGids: [],
  mounts: [],
  eventHandlers: [],
};

const input: ConfigInput = {
  cgroup: podCgroup('11111111-2222-4333-8444-555555555555'),
  plan,
  isolators: [],
  podIsolators: [],
  disks: [{ major: 8, minor: 0 }],
  insecure: { capabilities: false, paths: false, seccomp: false },
  hostCapabilities: DEFAULT_CAPABILITIES,
  namespaces: { supervisorPid: 4711, network: { kind: 'made' }, privateIpc: true, users: false, cgroup: true },
  shm: '/var/lib/rkt/pods/run/u/stage1/shm',
  files: [{ source: '/var/lib/rkt/pods/run/u/stage1/rootfs/etc/hostname', target: '/etc/hostname', readOnly: false }],
  terminal: false,
};

/** The filter is long and has tests of its own. `UPDATE_GOLDEN=1` writes the files anew. */
function checkGolden(name: string, given: ConfigInput): void {
  const { seccomp, ...linux } = planConfig(given).linux;
  const config = { ...planConfig(given), linux: { ...linux, seccomp: seccomp?.defaultAction } };
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  const file = new URL(`./golden/${name}.json`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

test('planConfig, an app that says nothing, is confined by default', () => checkGolden('plain', input));

test('planConfig, user, limits, volumes and a contained network', () => {
  const isolators: IsolatorValue[] = [
    { kind: 'memory', limitBytes: 44040192, requestBytes: 22020096 },
    { kind: 'cpu', limitMilli: 900, requestMilli: 900 },
    { kind: 'cpu-shares', shares: 12345 },
    { kind: 'block-bandwidth', limit: 2_000_000 },
    { kind: 'block-iops', limit: 1000 },
    { kind: 'oom-score-adj', value: 99 },
    { kind: 'seccomp-remove', set: ['reboot'], errno: 'ENOSYS' },
  ];
  const mounts = [
    { source: '/srv/data', target: '/data', readOnly: true, recursive: true },
    { source: '/dev/loop-control', target: '/loop', readOnly: false, recursive: false, device: { type: 'c', major: 10, minor: 237 } },
  ] as const;
  checkGolden('full', {
    ...input,
    plan: { ...plan, uid: 1000, gid: 100, supplementaryGids: [5, 6], readOnlyRootfs: true, mounts },
    isolators: [...isolators, { kind: 'apparmor-profile', profile: 'of-the-app' }],
    podIsolators: [
      { kind: 'sysctl', values: { 'net.ipv4.ip_unprivileged_port_start': '80' } },
      { kind: 'selinux-context', user: 'system_u', role: 'system_r', type: 'container_t', level: 's0:c1,c2' },
      { kind: 'apparmor-profile', profile: 'of-the-pod' },
    ],
    namespaces: { ...input.namespaces, network: { kind: 'path', path: '/var/run/netns/cni-u' } },
    terminal: true,
  });
});

test('planConfig, a host with SELinux, has the labels of the pod, and an isolator before them', () => {
  const selinux = { process: 'u:r:container_t:s0:c1,c2', file: 'u:object_r:container_file_t:s0:c1,c2', image: 'u:object_r:container_ro_file_t:s0' };
  const { process, linux } = planConfig({ ...input, selinux });
  assert.deepEqual([process.selinuxLabel, linux.mountLabel], [selinux.process, selinux.file]);
  const asked = planConfig({ ...input, selinux, isolators: [{ kind: 'selinux-context', user: 'u', role: 'r', type: 'own_t', level: 's0:c1,c2' }] });
  assert.deepEqual([asked.process.selinuxLabel, asked.linux.mountLabel], ['u:r:own_t:s0:c1,c2', selinux.file]);
  assert.equal(planConfig(input).linux.mountLabel, undefined);
});

test('planConfig, a host with a profile of AppArmor for all apps, has that unless an isolator asks for another', () => {
  const apparmor = 'rkt-default';
  assert.equal(planConfig({ ...input, apparmor }).process.apparmorProfile, apparmor);
  assert.equal(planConfig({ ...input, apparmor, podIsolators: [{ kind: 'apparmor-profile', profile: 'own' }] }).process.apparmorProfile, 'own');
  assert.ok(!('apparmorProfile' in planConfig(input).process));
});

test('planConfig, everything insecure on the host network and ipc', () => {
  checkGolden('insecure', {
    ...input,
    insecure: { capabilities: true, paths: true, seccomp: true },
    namespaces: { supervisorPid: 4711, network: { kind: 'host' }, privateIpc: false, users: false, cgroup: false },
    shm: '/dev/shm',
  });
});

test('planConfig, a user namespace on the host network and ipc, joins it and mounts nothing of theirs', () => {
  const { linux, mounts } = planConfig({
    ...input,
    namespaces: { supervisorPid: 4711, network: { kind: 'host' }, privateIpc: false, users: true, cgroup: false },
    idMap: { shift: 65536, count: 65536 },
    sys: '/pod/sys',
    mqueue: '/pod/mqueue',
  });
  assert.deepEqual(linux.namespaces[1], { type: 'user', path: '/proc/4711/fd/104' });
  assert.deepEqual([linux.uidMappings, linux.gidMappings], [[{ containerID: 0, hostID: 65536, size: 65536 }], [{ containerID: 0, hostID: 65536, size: 65536 }]]);
  const bound = mounts.filter(({ destination }) => destination === '/sys' || destination === '/dev/mqueue');
  assert.deepEqual(bound.map(({ source, type, options }) => [source, type, options[0]]), [['/pod/sys', 'bind', 'bind'], ['/pod/mqueue', 'bind', 'bind']]);
});
