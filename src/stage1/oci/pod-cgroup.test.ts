import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsolatorValue } from '#appc';
import { planPodCgroup } from './pod-cgroup.ts';

const isolators: IsolatorValue[] = [
  { kind: 'memory', limitBytes: 1 << 26, requestBytes: 1 << 25 },
  { kind: 'cpu', limitMilli: 1500, requestMilli: 500 },
  { kind: 'block-bandwidth', limit: 2_000_000 },
  { kind: 'block-iops', limit: 1000 },
];
const disks = [{ major: 8, minor: 0 }, { major: 254, minor: 16 }];
const lines = (version: 1 | 2) => planPodCgroup(isolators, version, disks).map(({ controller, file, value }) => `${controller} ${file} ${value}`);

test('planPodCgroup, version 1, is limits of memory, processor and each disk', () => {
  assert.deepEqual(lines(1), [
    'memory memory.limit_in_bytes 67108864',
    'memory memory.soft_limit_in_bytes 33554432',
    'cpu cpu.shares 512',
    'cpu cpu.cfs_period_us 100000',
    'cpu cpu.cfs_quota_us 150000',
    'blkio blkio.throttle.read_bps_device 8:0 2000000',
    'blkio blkio.throttle.read_bps_device 254:16 2000000',
    'blkio blkio.throttle.write_bps_device 8:0 2000000',
    'blkio blkio.throttle.write_bps_device 254:16 2000000',
    'blkio blkio.throttle.read_iops_device 8:0 1000',
    'blkio blkio.throttle.read_iops_device 254:16 1000',
    'blkio blkio.throttle.write_iops_device 8:0 1000',
    'blkio blkio.throttle.write_iops_device 254:16 1000',
  ]);
});

test('planPodCgroup, version 2, is the same in its files', () => {
  assert.deepEqual(lines(2), [
    'memory memory.max 67108864',
    'memory memory.low 33554432',
    'cpu cpu.weight 20',
    'cpu cpu.max 150000 100000',
    'io io.max 8:0 rbps=2000000 wbps=2000000 riops=1000 wiops=1000',
    'io io.max 254:16 rbps=2000000 wbps=2000000 riops=1000 wiops=1000',
  ]);
});

test('planPodCgroup, only operations, leaves the bytes without a limit', () => {
  assert.deepEqual(planPodCgroup([{ kind: 'block-iops', limit: 7 }], 2, [disks[0]!]), [
    { controller: 'io', file: 'io.max', value: '8:0 rbps=max wbps=max riops=7 wiops=7' },
  ]);
});

test('planPodCgroup, nothing asked, is nothing', () => {
  assert.deepEqual([planPodCgroup([], 1, disks), planPodCgroup([], 2, disks)], [[], []]);
});

test('planPodCgroup, a processor limit below what the kernel takes in a tenth of a second, is one of a second; none is none', () => {
  const cpu = (limitMilli: number) => [1, 2].flatMap((version) => planPodCgroup([{ kind: 'cpu', limitMilli }], version as 1 | 2, disks)).map(({ value }) => value);
  assert.deepEqual(cpu(1), ['1000000', '1000', '1000 1000000']);
  assert.deepEqual(cpu(9), ['1000000', '9000', '9000 1000000']);
  assert.deepEqual(cpu(10), ['100000', '1000', '1000 100000']);
  assert.deepEqual(cpu(0), []);
});

test('planPodCgroup, limits of nothing, are none, and requests count without them', () => {
  const zero: IsolatorValue[] = [{ kind: 'memory', limitBytes: 0 }, { kind: 'block-bandwidth', limit: 0 }, { kind: 'block-iops', limit: 0 }];
  for (const version of [1, 2] as const) assert.deepEqual(planPodCgroup(zero, version, disks).filter(({ value }) => !value.endsWith('=max')), [], `version ${version}`);
  const requests: IsolatorValue[] = [{ kind: 'memory', limitBytes: 0, requestBytes: 4096 }, { kind: 'cpu', limitMilli: 0, requestMilli: 500 }];
  assert.deepEqual(planPodCgroup(requests, 1, disks).map(({ file, value }) => `${file} ${value}`), ['memory.soft_limit_in_bytes 4096', 'cpu.shares 512']);
});
