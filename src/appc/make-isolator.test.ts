import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  capsRemoveIsolator,
  capsRetainIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  memoryIsolator,
  oomScoreAdjIsolator,
  overrideIsolators,
  seccompIsolator,
} from './make-isolator.ts';

test('make, resources, are written as Go writes quantities', () => {
  assert.deepEqual(memoryIsolator('1024Mi'), { name: 'resource/memory', value: { default: false, request: '1Gi', limit: '1Gi' } });
  assert.deepEqual(cpuIsolator('0.9'), { name: 'resource/cpu', value: { default: false, request: '900m', limit: '900m' } });
  assert.throws(() => memoryIsolator('16m'), {
    code: 'bad-isolator', message: 'memory limit of 1 bytes too low. Try a reasonable value, such as --memory=16M',
  });
  assert.throws(() => memoryIsolator('lots'), { code: 'bad-quantity' });
  assert.throws(() => cpuIsolator('-1'), { code: 'bad-isolator' });
});

test('make, numbers, are checked against their range', () => {
  assert.deepEqual(cpuSharesIsolator('12345'), { name: 'os/linux/cpu-shares', value: 12345 });
  assert.deepEqual(oomScoreAdjIsolator('-99'), { name: 'os/linux/oom-score-adj', value: -99 });
  assert.throws(() => cpuSharesIsolator('1'), /os\/linux\/cpu-shares must be between 2 and 262144, got 1/);
  assert.throws(() => oomScoreAdjIsolator('1e3'), /strconv\.Atoi: parsing "1e3": invalid syntax/);
});

test('make, capabilities, are names with commas between', () => {
  assert.deepEqual(capsRetainIsolator('CAP_KILL,CAP_CHOWN').value, { set: ['CAP_KILL', 'CAP_CHOWN'] });
  assert.equal(capsRemoveIsolator('CAP_KILL').name, 'os/linux/capabilities-remove-set');
  for (const names of ['', 'a,,b', 'a, b']) assert.throws(() => capsRetainIsolator(names), { code: 'bad-isolator' }, names);
});

test('seccompIsolator, mode, errno and names, in any order', () => {
  const value = { set: ['@docker/default-whitelist', 'chmod'], errno: 'EPERM' };
  assert.deepEqual(seccompIsolator('mode=retain,errno=EPERM,@docker/default-whitelist,chmod'), { name: 'os/linux/seccomp-retain-set', value });
  assert.deepEqual(seccompIsolator('reboot,mode=remove'), { name: 'os/linux/seccomp-remove-set', value: { set: ['reboot'], errno: '' } });
  assert.throws(() => seccompIsolator('reboot'), /^AppcError: invalid seccomp mode command-line override$/);
  assert.throws(() => seccompIsolator('mode=keep,reboot'), /^AppcError: invalid seccomp mode command-line override$/);
  assert.throws(() => seccompIsolator('mode=retain,color=red,reboot'), /^AppcError: invalid seccomp command-line override$/);
  assert.throws(() => seccompIsolator('mode=retain'), /set must be non-empty/);
  assert.throws(() => seccompIsolator('mode=retain,errno=5,x'), /errno must start/);
});

test('overrideIsolators, what the command line says, takes the place of what contradicts it', () => {
  const image = [memoryIsolator('1Gi'), capsRetainIsolator('CAP_KILL'), seccompIsolator('mode=remove,reboot'), cpuSharesIsolator('2')];
  const flags = [capsRemoveIsolator('CAP_CHOWN'), seccompIsolator('mode=retain,read'), memoryIsolator('2Gi'), cpuSharesIsolator('3')];
  assert.deepEqual(overrideIsolators(image, flags), [memoryIsolator('1Gi'), ...flags]);
  assert.deepEqual(overrideIsolators(undefined, []), []);
  assert.throws(() => overrideIsolators([], [capsRemoveIsolator('a'), capsRetainIsolator('b')]), /cannot use both --caps-retain and --caps-remove/);
});
