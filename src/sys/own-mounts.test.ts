import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mount, prepareOwnMounts, runProgram, unmount } from './index.ts';

const skip = process.getuid!() === 0 ? false : 'not root';

test('prepareOwnMounts, from the body to the end of what it gives, has the host\'s mounts, and keeps its own', { skip }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-own-mounts-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const before = process.cwd();
  const host = readlinkSync('/proc/thread-self/ns/mnt');
  mkdirSync(`${directory}/inner`);
  process.chdir(directory);
  const enter = prepareOwnMounts(() => {
    mount({ source: 'tmpfs', target: `${directory}/inner`, type: 'tmpfs' });
    writeFileSync(`${directory}/inner/file`, 'seen by the pod');
  });
  assert.equal(readlinkSync('/proc/thread-self/ns/mnt'), host);
  assert.equal(process.cwd(), directory);
  assert.equal(existsSync('inner/file'), false);
  assert.equal((await runProgram('/bin/sh', ['-c', 'readlink /proc/self/ns/mnt; ls inner'])).stdout, `${host}\n`);
  assert.throws(() => prepareOwnMounts(() => assert.fail('in the body')), /in the body/);
  assert.equal(readlinkSync('/proc/thread-self/ns/mnt'), host);
  enter();
  assert.notEqual(readlinkSync('/proc/thread-self/ns/mnt'), host);
  assert.equal(process.cwd(), directory);
  assert.equal(readFileSync('inner/file', 'utf8'), 'seen by the pod');
  process.chdir(before);
  unmount(`${directory}/inner`);
});
