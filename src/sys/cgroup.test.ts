import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Hierarchy, parseHierarchies } from './cgroup.ts';
import { readCgroupUsage } from './cgroup-usage.ts';

/** A directory with files of cgroups, as the kernel writes them. */
function cgroups(files: Readonly<Record<string, string>>): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'rkt-cgroup-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, dirname(name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const STAT_1 = 'cache 9000\nhierarchical_memory_limit 67108864\ntotal_cache 9000\ntotal_inactive_file 8192\n';

test('readCgroupUsage, version 1, is read from the hierarchy of each controller', () => {
  using dir = cgroups({
    'cpu,cpuacct/pod/app/cpuacct.usage': '123456789\n',
    'memory/pod/app/memory.usage_in_bytes': '20480\n',
    'memory/pod/app/memory.stat': STAT_1,
    'blkio/pod/app/blkio.throttle.io_service_bytes': '254:0 Read 4096\n254:0 Write 512\n254:0 Sync 4608\n254:0 Total 4608\n254:16 Read 1\nTotal 4609\n',
    'pids/pod/app/pids.current': '3\n',
  });
  const hierarchies = ['cpu,cpuacct', 'memory', 'blkio', 'pids'].map((name): Hierarchy => ({ path: join(dir.path, name), version: 1, controllers: ['rw', ...name.split(',')] }));
  assert.deepEqual(readCgroupUsage('pod/app', hierarchies), { cpuNs: 123456789n, memory: 12288, memoryLimit: 67108864, read: 4097, written: 512, pids: 3 });
  assert.equal(readCgroupUsage('pod/gone', hierarchies), undefined);
});

test('readCgroupUsage, version 1 without a limit, has none', () => {
  using dir = cgroups({ 'memory/app/memory.usage_in_bytes': '4096\n', 'memory/app/memory.stat': 'hierarchical_memory_limit 9223372036854771712\ntotal_inactive_file 8192\n' });
  assert.deepEqual(readCgroupUsage('app', [{ path: join(dir.path, 'memory'), version: 1, controllers: ['memory'] }]), { memory: 0 });
});

test('readCgroupUsage, version 1 that counts no disks, has those of its processes', () => {
  using dir = cgroups({ 'app/blkio.throttle.io_service_bytes': 'Total 0\n', 'app/cgroup.procs': `${process.pid}\n4194304\n` });
  const { read, written } = readCgroupUsage('app', [{ path: dir.path, version: 1, controllers: ['blkio'] }]) ?? {};
  assert.ok(read! >= 0 && written! >= 0);
});

test('readCgroupUsage, version 2, has the lowest limit of the cgroups above', () => {
  using dir = cgroups({
    'pod/memory.max': '33554432\n',
    'pod/app/memory.max': 'max\n',
    'pod/app/memory.current': '20480\n',
    'pod/app/memory.stat': 'anon 4096\ninactive_file 8192\n',
    'pod/app/cpu.stat': 'usage_usec 1234\nuser_usec 1000\n',
    'pod/app/io.stat': '254:0 rbytes=4096 wbytes=512 rios=1 wios=1 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n',
    'pod/app/pids.current': '1\n',
  });
  const hierarchies: Hierarchy[] = [{ path: dir.path, version: 2, controllers: [] }];
  assert.deepEqual(readCgroupUsage('pod/app', hierarchies), { cpuNs: 1234000n, memory: 12288, memoryLimit: 33554432, read: 4097, written: 512, pids: 1 });
});

test('readCgroupUsage, a hybrid host, takes from version 2 what version 1 does not have', () => {
  using dir = cgroups({ 'memory/app/memory.usage_in_bytes': '4096\n', 'memory/app/memory.stat': '', 'unified/app/pids.current': '2\n' });
  const hierarchies: Hierarchy[] = [
    { path: join(dir.path, 'memory'), version: 1, controllers: ['memory'] },
    { path: join(dir.path, 'unified'), version: 2, controllers: [] },
  ];
  assert.deepEqual(readCgroupUsage('app', hierarchies), { memory: 4096, pids: 2 });
});

test('parseHierarchies, mountinfo of a hybrid host, finds both versions and no bind mounts', () => {
  const mountinfo = [
    '30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,size=4096k',
    '31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
    '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct',
    '33 30 0:28 /other /mnt/bind rw - cgroup cgroup rw,cpu,cpuacct',
    '41 31 0:38 / /mnt/with\\040space rw,relatime - cgroup2 cgroup2 rw',
  ].join('\n');
  assert.deepEqual(parseHierarchies(mountinfo), [
    { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
    { path: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['rw', 'cpu', 'cpuacct'] },
    { path: '/mnt/with space', version: 2, controllers: [] },
  ]);
});

test('parseHierarchies, a hierarchy that something is mounted over, is left out', () => {
  const mountinfo = [
    '31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
    '32 30 0:28 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory',
    '43 32 0:39 / /sys/fs/cgroup/memory/below rw - tmpfs none rw',
    '44 31 0:40 / /sys/fs/cgroup/unified rw,nosuid - tmpfs none rw,size=16384k',
  ].join('\n');
  assert.deepEqual(parseHierarchies(mountinfo), [{ path: '/sys/fs/cgroup/memory', version: 1, controllers: ['rw', 'memory'] }]);
});
