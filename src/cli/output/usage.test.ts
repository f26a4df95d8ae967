import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextView, topLines, type TopView } from './top.ts';
import { type PodUsage, usageBetween, usageText } from './usage.ts';

const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
const SECOND = 1_000_000_000n;

const before = [{ uuid, apps: [{ name: 'web', measuredAt: 5n * SECOND, cpuNs: SECOND, memory: 1000, read: 0, written: 500, pids: 2 }] }];
const after = [
  {
    uuid,
    apps: [
      { name: 'web', measuredAt: 7n * SECOND, cpuNs: 4n * SECOND, memory: 2 << 20, memoryLimit: 64 << 20, read: 4096, written: 500, pids: 3 },
      { name: 'new', measuredAt: 7n * SECOND, memory: 0 },
    ],
  },
];

test('usageBetween, two measurements, has rates for what was there at both', () => {
  const [pod] = usageBetween(before, after);
  assert.deepEqual(pod!.apps[0], { name: 'web', cpuPercent: 150, cpuNs: 4n * SECOND, memory: 2 << 20, memoryLimit: 64 << 20, read: 4096, written: 500, readRate: 2048, writeRate: 0, pids: 3 });
  assert.deepEqual(pod!.apps[1], { name: 'new', memory: 0 });
});

test('usageBetween, an app that was started anew, is never below zero', () => {
  const [pod] = usageBetween(after, [{ uuid, apps: [{ name: 'web', measuredAt: 8n * SECOND, cpuNs: 1n, read: 0 }] }]);
  assert.deepEqual([pod!.apps[0]!.cpuPercent, pod!.apps[0]!.readRate], [0, 0]);
});

test('usageText, a table, has a row an app and dashes for what is not known', () => {
  const text = usageText(usageBetween(before, after), { format: '', full: false, legend: true });
  assert.deepEqual(text.split('\n').map((line) => line.split(/\t+/)), [
    ['UUID', 'APP', 'CPU', 'MEMORY', 'LIMIT', 'READ', 'WRITTEN', 'PIDS'],
    ['6f4f2914', 'web', '150.0%', '2.0MiB', '64MiB', '4.0KiB', '500B', '3'],
    ['', 'new', '-', '0B', '-', '-', '-', '-'],
    [''],
  ]);
});

test('usageText, JSON, is one line, and a list without pods is a list', () => {
  const options = { format: 'json', full: false, legend: true } as const;
  const text = usageText(usageBetween(before, [{ ...after[0]!, name: 'shop', apps: after[0]!.apps.slice(0, 1) }]), options);
  assert.equal(text, `[{"name":"${uuid}","pod_name":"shop","apps":[{"name":"web","cpu_percent":150,"cpu_ns":4000000000,"memory_bytes":2097152,"memory_limit_bytes":67108864,"io_read_bytes":4096,"io_written_bytes":500,"io_read_bytes_per_second":2048,"io_written_bytes_per_second":0,"pids":3}]}]\n`);
  assert.equal(usageText([], options), '[]\n');
});

const pods: PodUsage[] = [
  { uuid, apps: [{ name: 'a', cpuPercent: 1, memory: 3, readRate: 1, writeRate: 1, pids: 9 }, { name: 'b', cpuPercent: 3, memory: 2, readRate: 0, writeRate: 0, pids: 1 }] },
  { uuid: '0f746094-3438-42bc-ab37-3cf85f132e60', apps: [{ name: 'c', cpuPercent: 2, memory: 1, readRate: 5, writeRate: 0, pids: 5 }] },
];
const order = (view: TopView, size = { columns: 100, rows: 20 }): string =>
  topLines(pods, view, size).filter((line) => /^[0-9a-f]{8} /.test(line)).map((line) => line.split(' ')[1]).join('');

test('topLines, each way of sorting, has the greatest first, and reversed last', () => {
  for (const [sort, apps] of [['cpu', 'bca'], ['memory', 'abc'], ['io', 'cab'], ['pids', 'acb'], ['name', 'abc']] as const) {
    assert.equal(order({ sort, reversed: false }), apps, sort);
    assert.equal(order({ sort, reversed: true }), [...apps].reverse().join(''), sort);
  }
});

test('topLines, a small terminal, gets no line more or wider than it has', () => {
  for (const size of [{ columns: 30, rows: 5 }, { columns: 1, rows: 1 }, { columns: 80, rows: 2 }]) {
    const lines = topLines(pods, { sort: 'cpu', reversed: false }, size);
    assert.ok(lines.length <= size.rows, `${lines.length} lines in ${size.rows}`);
    for (const line of lines) assert.ok(line.replace('\u001b[7m', '').replace('\u001b[0m', '').length <= size.columns, line);
  }
});

test('nextView, keys, sort, turn around and end; others change nothing', () => {
  const view: TopView = { sort: 'cpu', reversed: false };
  assert.deepEqual(['m', 'i', 'p', 'n', 'c'].map((key) => nextView(view, key)?.sort), ['memory', 'io', 'pids', 'name', 'cpu']);
  assert.deepEqual(nextView(view, 'r'), { sort: 'cpu', reversed: true });
  assert.deepEqual([nextView(view, 'q'), nextView(view, '\u0003')], [undefined, undefined]);
  assert.deepEqual([nextView(view, undefined), nextView(view, '\u001b[A')], [view, view]);
});
