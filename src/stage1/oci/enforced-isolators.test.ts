import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsolatorValue } from '#appc';
import { enforcedIsolators } from './enforced-isolators.ts';
import type { HostAbilities } from './host-limits.ts';

const host: HostAbilities = {
  controllers: new Set(['memory', 'cpu', 'io']),
  selinux: true,
  hasContext: (name) => name === 'u:r:t:s0',
  apparmor: new Set(['loaded']),
  capabilities: ['CAP_CHOWN'],
  hasHostNetwork: false,
};
const app = { scope: 'app', title: 'app "web"' } as const;
const profile = (name: string): IsolatorValue => ({ kind: 'apparmor-profile', profile: name });
const context: IsolatorValue = { kind: 'selinux-context', user: 'u', role: 'r', type: 't', level: 's0' };
const memory: IsolatorValue = { kind: 'memory', limitBytes: 1 << 20 };

function check(isolator: IsolatorValue, on: Partial<HostAbilities>): { enforced: boolean; warnings: string[] } {
  const warnings: string[] = [];
  const enforced = enforcedIsolators(app, [isolator], { ...host, ...on }, (text) => warnings.push(text));
  return { enforced: enforced.length === 1, warnings };
}

test('enforcedIsolators, what the host can do, is enforced without a word', () => {
  for (const isolator of [memory, context, profile('loaded'), { kind: 'block-iops', limit: 1 }] as const) {
    assert.deepEqual(check(isolator, {}), { enforced: true, warnings: [] });
  }
});

test('enforcedIsolators, a controller or module the host lacks, is told and left out', () => {
  assert.deepEqual(check(memory, { controllers: new Set(['cpu']) }), {
    enforced: false,
    warnings: ['warning: resource/memory isolator set but support disabled in the kernel, skipping'],
  });
  assert.equal(check(context, { selinux: false }).enforced, false);
});

test('enforcedIsolators, network bandwidth of a pod on the network of the host, is told and left out', () => {
  const bandwidth = { kind: 'network-bandwidth', limit: 1000 } as const;
  assert.deepEqual(check(bandwidth, {}), { enforced: true, warnings: [] });
  assert.deepEqual(check(bandwidth, { hasHostNetwork: true }), {
    enforced: false,
    warnings: ['warning: isolator "resource/network-bandwidth" of app "web" is not enforced: the pod has the network of the host'],
  });
});

test('enforcedIsolators, a profile that is not loaded, throws', () => {
  assert.throws(() => check(profile('other'), {}), { code: 'no-apparmor', message: /"other": it is not loaded/ });
  assert.throws(() => check(profile('loaded'), { apparmor: undefined }), { message: /AppArmor is not active/ });
});

test('enforcedIsolators, a context that the policy has not, throws where SELinux is active', () => {
  const other = { ...context, type: 'other\n' };
  assert.throws(() => check(other, {}), { code: 'no-selinux-context', message: 'app "web" asks for the SELinux context "u:r:other\\n:s0": the policy has no such one' });
  assert.equal(check(other, { selinux: false }).enforced, false);
});

test('enforcedIsolators, a retained capability that rkt lacks, is enforced for the rest and told', () => {
  const { enforced, warnings } = check({ kind: 'caps-retain', set: ['CAP_CHOWN', 'CAP_SYS_TIME'] }, {});
  assert.equal(enforced, true);
  assert.deepEqual(warnings, ['warning: app "web" cannot have CAP_SYS_TIME: rkt does not have it itself']);
});
