import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockPath } from './lock.ts';

test('lockPath, a symbolic link in place of the file, is not followed: others may write in the directory', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-lock-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'secret'), 'x');
  symlinkSync('secret', join(directory, 'lock'));
  assert.throws(() => lockPath(join(directory, 'lock'), 'file', 'exclusive'), { code: 'ELOOP' });
});
