import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressEvent } from '#stage0';
import { advance, type Progress, progressText } from './progress-line.ts';

const MiB = 1024 * 1024;
const none: Progress = new Map();

function download(id: string, done: number, total: number | undefined): ProgressEvent {
  return { kind: 'download', id, done, total };
}

test('progressText, nothing under way, is empty', () => {
  assert.equal(progressText(none, 0), '');
  const begun = advance(none, download('a', 0, 10), 0);
  assert.equal(progressText(advance(begun, { kind: 'end', id: 'a', done: 10, total: 10 }, 1), 1), '');
});

test('progressText, one transfer, tells bytes, rate and time left', () => {
  const begun = advance(none, download('busybox.aci', 0, 40 * MiB), 1000);
  const later = advance(begun, download('busybox.aci', 10 * MiB, 40 * MiB), 3000);
  assert.equal(progressText(later, 3000), 'downloading busybox.aci  10MiB of 40MiB (25%)  5.0MiB/s  6s left');
});

test('progressText, a size not known, tells what has come', () => {
  const progress = advance(none, download(`sha256:${'ab'.repeat(32)}`, 3 * MiB, undefined), 0);
  assert.equal(progressText(progress, 0), 'downloading sha256:abababababab  3.0MiB');
});

test('progressText, several transfers, are added up', () => {
  const progress = advance(advance(none, download('a', MiB, 2 * MiB), 0), download('b', MiB, 2 * MiB), 0);
  assert.equal(progressText(progress, 100), '2 transfers  2.0MiB of 4.0MiB (50%)');
});

test('progressText, whatever is under way, fits a terminal', () => {
  const begun = advance(none, download('x'.repeat(200), 1, 10 ** 15), 0);
  assert.ok(progressText(begun, 10_000).length <= 79);
});
