import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeIsolators, isolatorOf, isolatorsOf, type IsolatorValue, readIsolator } from './isolator.ts';

const resource = (limit: unknown, more = {}): unknown => ({ default: false, request: null, limit, ...more });

test('readIsolator, every isolator of the spec, is its typed value', () => {
  const values: [string, unknown, IsolatorValue][] = [
    ['resource/memory', resource('25Mi'), { kind: 'memory', limitBytes: 26214400 }],
    ['resource/memory', resource(1024, { request: '1k' }), { kind: 'memory', limitBytes: 1024, requestBytes: 1000 }],
    ['resource/cpu', resource('800m', { request: '1' }), { kind: 'cpu', limitMilli: 800, requestMilli: 1000 }],
    ['os/linux/cpu-shares', 512, { kind: 'cpu-shares', shares: 512 }],
    ['resource/cpu-shares', 512, { kind: 'cpu-shares', shares: 512 }],
    ['os/linux/oom-score-adj', -1000, { kind: 'oom-score-adj', value: -1000 }],
    ['os/linux/capabilities-retain-set', { set: ['CAP_KILL'] }, { kind: 'caps-retain', set: ['CAP_KILL'] }],
    ['os/linux/capabilities-remove-set', { set: ['CAP_KILL'] }, { kind: 'caps-remove', set: ['CAP_KILL'] }],
    ['os/linux/seccomp-retain-set', { set: ['@rkt/default-whitelist'], errno: '' }, { kind: 'seccomp-retain', set: ['@rkt/default-whitelist'] }],
    ['os/linux/seccomp-remove-set', { set: ['reboot'], errno: 'E2BIG' }, { kind: 'seccomp-remove', set: ['reboot'], errno: 'E2BIG' }],
    ['os/linux/no-new-privileges', true, { kind: 'no-new-privileges', value: true }],
    ['os/linux/selinux-context', { user: 'u', role: 'r', type: 't', level: 's0:c1' }, { kind: 'selinux-context', user: 'u', role: 'r', type: 't', level: 's0:c1' }],
    ['os/linux/apparmor-profile', { profile: 'web' }, { kind: 'apparmor-profile', profile: 'web' }],
    ['os/unix/sysctl', { 'net.core.somaxconn': '5' }, { kind: 'sysctl', values: { 'net.core.somaxconn': '5' } }],
    ['resource/block-bandwidth', { default: true, limit: '2M' }, { kind: 'block-bandwidth', limit: 2000000 }],
    ['resource/block-iops', { default: true, limit: '9' }, { kind: 'block-iops', limit: 9 }],
    ['resource/network-bandwidth', { default: true, limit: '1G' }, { kind: 'network-bandwidth', limit: 1e9 }],
    ['example.com/other', [1], { kind: 'unknown', name: 'example.com/other' }],
  ];
  for (const [name, value, expected] of values) {
    assert.deepEqual(readIsolator({ name, value }), expected, name);
    assert.deepEqual(decodeIsolators([{ name, value }]), [{ name, value }], name);
  }
});

test('decodeIsolators, values against the spec, are refused with the reason', () => {
  const values: [string, unknown, RegExp][] = [
    ['resource/memory', resource('12x'), /\[0\]\.value\.limit: unable to parse quantity's suffix: "12x"|is not a quantity/],
    ['resource/memory', resource(null), /limit must be set/],
    ['resource/memory', resource('-1'), /must not be negative/],
    ['resource/memory', resource('1', { default: true }), /default must be false/],
    ['resource/block-iops', resource('1'), /default must be true/],
    ['resource/block-iops', resource('1', { default: true, request: '1' }), /request not supported/],
    ['resource/cpu', 5, /must be an object/],
    ['os/linux/cpu-shares', 1, /os\/linux\/cpu-shares must be between 2 and 262144, got 1/],
    ['os/linux/cpu-shares', 2.5, /must be an integer/],
    ['os/linux/oom-score-adj', 1001, /os\/linux\/oom-score-adj must be between -1000 and 1000, got 1001/],
    ['os/linux/capabilities-retain-set', { set: [] }, /set must be non-empty/],
    ['os/linux/capabilities-retain-set', { set: 'CAP_KILL' }, /must be an array/],
    ['os/linux/seccomp-retain-set', { set: ['a'], errno: 'PERM' }, /errno must start with an 'E' character/],
    ['os/linux/seccomp-retain-set', { set: ['a'], errno: 'Eperm' }, /errno can only contain upper case/],
    ['os/linux/no-new-privileges', 'true', /must be true or false/],
    ['os/linux/selinux-context', { user: 'u:x', role: 'r', type: 't', level: 's0' }, /invalid user value "u:x"/],
    ['os/linux/selinux-context', { user: 'u', role: 'r', type: 't' }, /invalid level value ""/],
    ['os/linux/apparmor-profile', {}, /invalid profile value ""/],
    ['os/unix/sysctl', { a: 1 }, /must be a string/],
    ['os/linux/oom-score-adj', null, /value must be set/],
    ['Bad Name', 1, /ACIdentifier must contain only/],
  ];
  for (const [name, value, message] of values) {
    assert.throws(() => decodeIsolators([{ name, value }]), (thrown: Error & { path?: string }) => message.test(`${thrown.path}: ${thrown.message}`), name);
  }
});

test('decodeIsolators, sets that exclude each other or occur twice, are refused', () => {
  const retain = { name: 'os/linux/seccomp-retain-set', value: { set: ['a'] } };
  const remove = { name: 'os/linux/seccomp-remove-set', value: { set: ['a'] } };
  assert.throws(() => decodeIsolators([retain, remove]), /isolators set contains incompatible types/);
  assert.throws(() => decodeIsolators([remove, retain]), /isolators set contains incompatible types/);
  assert.throws(() => decodeIsolators([retain, retain]), /too many instances of type os\/linux\/seccomp-retain-set/);
});

test('isolatorOf, several of a kind, is the last', () => {
  const isolators = ['1Mi', '2Mi'].map((limit) => ({ name: 'resource/memory', value: resource(limit) }));
  assert.equal(isolatorOf({ isolators }, 'memory')?.limitBytes, 2 * 2 ** 20);
  assert.equal(isolatorOf({ isolators }, 'cpu'), undefined);
  assert.deepEqual(isolatorsOf({}), []);
});
