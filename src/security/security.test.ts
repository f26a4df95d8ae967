import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceRules, maskedPaths, parseCapabilityMask, planCapabilities, planNoNewPrivileges, planSeccomp } from './index.ts';
import { syscallGroups } from './syscall-groups.ts';

const filter = (...args: Parameters<typeof planSeccomp>) => {
  const planned = planSeccomp(...args);
  assert.ok(planned);
  return planned;
};
const allowed = (planned: ReturnType<typeof filter>) =>
  new Set(planned.syscalls.flatMap((rule) => (rule.action === 'SCMP_ACT_ALLOW' && rule.args === undefined ? rule.names : [])));

test('planCapabilities, nothing said, is the default of fourteen', () => {
  const names = planCapabilities([], false);
  assert.equal(names.length, 14);
  assert.ok(names.includes('CAP_NET_RAW') && !names.includes('CAP_SYS_ADMIN'));
});

test('planCapabilities, retain, replaces the default', () => {
  assert.deepEqual(planCapabilities([{ kind: 'caps-retain', set: ['CAP_SYS_ADMIN'] }], false), ['CAP_SYS_ADMIN']);
});

test('planCapabilities, remove, takes from the default', () => {
  const names = planCapabilities([{ kind: 'caps-remove', set: ['CAP_KILL', 'CAP_SYS_ADMIN'] }], false);
  assert.equal(names.length, 13);
  assert.ok(!names.includes('CAP_KILL'));
});

test('planCapabilities, retain and remove, throws', () => {
  const both = [{ kind: 'caps-retain', set: ['CAP_KILL'] }, { kind: 'caps-remove', set: ['CAP_CHOWN'] }] as const;
  assert.throws(() => planCapabilities(both, false), { code: 'capabilities-conflict' });
});

test('planCapabilities, insecure, is every capability whatever the isolators', () => {
  assert.equal(planCapabilities([{ kind: 'caps-retain', set: ['CAP_KILL'] }], true).length, 41);
});

test('parseCapabilityMask, the mask of the default set, gives the default set', () => {
  assert.deepEqual(new Set(parseCapabilityMask('00000000a80425fb')), new Set(planCapabilities([], false)));
});

test('planSeccomp, nothing said, refuses what reaches past the app with EPERM', () => {
  const planned = filter([], false);
  assert.deepEqual([planned.defaultAction, planned.defaultErrnoRet], ['SCMP_ACT_ERRNO', 1]);
  for (const name of ['ptrace', 'mount', 'umount2', 'keyctl', 'add_key', 'bpf', 'unshare', 'setns', 'kexec_load', 'init_module', 'reboot', 'open_by_handle_at', 'userfaultfd', 'perf_event_open', 'io_uring_setup', 'process_vm_readv', 'swapon', 'clock_settime', 'pivot_root', 'mount_setattr', 'move_mount', 'fsopen', 'pidfd_getfd', 'quotactl', 'acct', 'iopl', 'kcmp', 'vm86', 'clone', 'clone3', 'personality', 'mknod', 'mknodat', 'socket']) {
    assert.ok(!allowed(planned).has(name), name);
  }
  for (const name of ['execve', 'openat', 'read', 'mmap', 'futex', 'epoll_wait', 'chroot', 'connect', 'statx', 'rseq', 'ioctl', 'sendfile', 'capset', 'fchmodat2', 'prctl']) {
    assert.ok(allowed(planned).has(name), name);
  }
});

test('planSeccomp, default, allows clone without namespaces and hides clone3', () => {
  const rules = filter([], false).syscalls;
  assert.deepEqual(rules.find(({ names }) => names.includes('clone'))?.args, [
    { index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
  ]);
  assert.deepEqual(rules.find(({ names }) => names.includes('clone3')), { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
});

test('planSeccomp, default, allows sockets of every family but that of virtual machines', () => {
  assert.deepEqual(filter([], false).syscalls.filter(({ names }) => names.includes('socket')), [{ names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 40, op: 'SCMP_CMP_NE' }] }]);
});

test('planSeccomp, whitelist and blacklist, have nothing in common', () => {
  const black = new Set(syscallGroups['@rkt/default-blacklist']);
  assert.deepEqual(syscallGroups['@rkt/default-whitelist']!.filter((name) => black.has(name)), []);
});

test('planSeccomp, retain without errno, ends the app and always lets it execute', () => {
  const planned = filter([{ kind: 'seccomp-retain', set: ['reboot'] }], false);
  assert.equal(planned.defaultAction, 'SCMP_ACT_KILL_PROCESS');
  assert.ok(allowed(planned).has('reboot') && allowed(planned).has('execve') && !allowed(planned).has('socket'));
});

test('planSeccomp, retain of a call by its own name, allows it whole', () => {
  assert.ok(allowed(filter([{ kind: 'seccomp-retain', set: ['clone', '@rkt/default-whitelist'] }], false)).has('clone'));
});

test('planSeccomp, remove with an errno, refuses only the set', () => {
  const planned = filter([{ kind: 'seccomp-remove', set: ['stat', '@systemd/clock'], errno: 'EXFULL' }], false);
  assert.equal(planned.defaultAction, 'SCMP_ACT_ALLOW');
  assert.deepEqual(planned.syscalls.map(({ action, errnoRet }) => [action, errnoRet]), [['SCMP_ACT_ERRNO', 54]]);
  assert.ok(planned.syscalls[0]!.names.includes('settimeofday'));
});

test('planSeccomp, the appc wildcards, are none and the default', () => {
  assert.equal(planSeccomp([{ kind: 'seccomp-retain', set: ['@appc.io/all'] }], false), undefined);
  assert.deepEqual(planSeccomp([{ kind: 'seccomp-remove', set: ['@appc.io/empty'] }], false), planSeccomp([], false));
});

test('planSeccomp, two isolators or a strange errno, throws', () => {
  const one = { kind: 'seccomp-remove', set: ['reboot'] } as const;
  assert.throws(() => planSeccomp([one, one], false), { code: 'seccomp-conflict' });
  assert.throws(() => planSeccomp([{ ...one, errno: 'EWHAT' }], false), { code: 'unknown-errno' });
});

test('planSeccomp, insecure, is no filter', () => {
  assert.equal(planSeccomp([{ kind: 'seccomp-remove', set: ['reboot'] }], true), undefined);
});

test('planNoNewPrivileges, a user under a filter, is always held', () => {
  assert.equal(planNoNewPrivileges([], { uid: 1000, filtered: true }), true);
  assert.equal(planNoNewPrivileges([], { uid: 1000, filtered: false }), false);
  assert.equal(planNoNewPrivileges([], { uid: 0, filtered: true }), false);
  assert.equal(planNoNewPrivileges([{ kind: 'no-new-privileges', value: true }], { uid: 0, filtered: true }), true);
});

test('deviceRules, default, deny all first; insecure, allow all', () => {
  assert.deepEqual(deviceRules(false)[0], { allow: false, access: 'rwm' });
  assert.deepEqual(deviceRules(true), [{ allow: true, access: 'rwm' }]);
});

test('maskedPaths, insecure, hides nothing', () => {
  assert.ok(maskedPaths(false).includes('/proc/kcore'));
  assert.deepEqual(maskedPaths(true), []);
});

test('planSeccomp, device nodes, are the standard ones unless any is allowed', () => {
  const nodes = filter([], false).syscalls.filter(({ names }) => names[0] === 'mknodat');
  assert.ok(nodes.some(({ args }) => args?.[1]?.value === 0x103), '/dev/null');
  assert.ok(!nodes.some(({ args }) => args?.[1]?.value === 0x502), 'the old ptmx');
  assert.ok(allowed(filter([], false, true)).has('mknodat'));
});
