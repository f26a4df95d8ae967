import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { LogReader } from './log-reader.ts';
import { mergeEntries } from './merge-entries.ts';

const record = (text: string, tag = 'F', stream = 'stdout', second = 0): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z ${stream} ${tag} ${text}\n`;

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-logs-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'one.log');
}

const texts = (reader: LogReader): string[] => [...reader.read()].map(({ text }) => text.toString());

test('LogReader, a file that grows, gives what came since', (t) => {
  const path = place(t);
  using reader = new LogReader('one', path);
  assert.deepEqual(texts(reader), []);
  writeFileSync(path, record('a'));
  assert.deepEqual(texts(reader), ['a']);
  appendFileSync(path, record('b').slice(0, 20));
  assert.deepEqual(texts(reader), []);
  appendFileSync(path, record('b').slice(20) + record('c'));
  assert.deepEqual(texts(reader), ['b', 'c']);
});

test('LogReader, parts of lines, are put together stream by stream', (t) => {
  const path = place(t);
  writeFileSync(path, record('a', 'P') + record('x', 'P', 'stderr') + record('b', 'P') + record('c') + record('y'.repeat(70_000), 'F', 'stderr') + record('half', 'P'));
  using reader = new LogReader('one', path);
  assert.deepEqual(texts(reader), ['abc', `x${'y'.repeat(70_000)}`]);
  assert.deepEqual(reader.rest().map(({ text }) => text.toString()), ['half']);
});

test('LogReader, files that are rotated while it reads, are read to their ends and in their order', (t) => {
  const path = place(t);
  writeFileSync(`${path}.1`, record('1'));
  writeFileSync(path, record('2'));
  using reader = new LogReader('one', path);
  assert.deepEqual(texts(reader), ['1', '2']);
  appendFileSync(path, record('3', 'P'));
  for (const text of ['4', '5', '6']) {
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, record(text));
    if (text === '4') assert.deepEqual(texts(reader), ['34']);
  }
  assert.deepEqual(texts(reader), ['5', '6']);
});

test('LogReader, a file that is gone before it was read on, goes on with the oldest there is', (t) => {
  const path = place(t);
  writeFileSync(path, record('1'));
  using reader = new LogReader('one', path);
  assert.deepEqual(texts(reader), ['1']);
  rmSync(path);
  writeFileSync(`${path}.1`, record('8'));
  writeFileSync(path, record('9'));
  assert.deepEqual(texts(reader), ['8', '9']);
});

test('mergeEntries, several logs, are in the order of their times and each in its own', (t) => {
  const [one, two] = [place(t), place(t)];
  writeFileSync(one, record('a', 'F', 'stdout', 1) + record('c', 'F', 'stdout', 3) + record('b', 'F', 'stdout', 2));
  writeFileSync(two, record('x', 'F', 'stderr', 1) + record('y', 'F', 'stderr', 3) + record('z', 'F', 'stderr', 4));
  using first = new LogReader('one', one);
  using second = new LogReader('two', two);
  const merged = [...mergeEntries([first.read(), second.read()])].map(({ text }) => text.toString());
  assert.deepEqual(merged, ['a', 'x', 'c', 'b', 'y', 'z']);
});
