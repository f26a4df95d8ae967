import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBounded } from './files.ts';

test('readBounded, a file of as many bytes as may be, is those; of one more, is refused by its path', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-files-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'f');
  writeFileSync(path, Buffer.alloc(200_000, 'x'));
  assert.equal(readBounded(path, 200_000).length, 200_000);
  assert.throws(() => readBounded(path, 199_999), { code: 'EFBIG', path, message: `EFBIG: file too large, read '${path}'` });
});

test('readBounded, a pipe, is read to its end', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-files-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  spawn('sh', ['-c', `exec >"$0"; printf one; sleep 0.1; printf two`, path], { stdio: 'ignore' });
  assert.equal(readBounded(path, 100).toString(), 'onetwo');
});

test('readBounded, a device without an end, is refused; a directory, by its path', () => {
  assert.throws(() => readBounded('/dev/zero', 1000), { code: 'EFBIG' });
  assert.throws(() => readBounded('/etc', 1000), { code: 'EISDIR', path: '/etc', syscall: 'read' });
  assert.throws(() => readBounded('/no/such', 1000), { code: 'ENOENT', path: '/no/such' });
});
