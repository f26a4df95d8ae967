import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inMounts, inOwnMounts, mount, prepareOwnMounts, runProgram, unmount } from './index.ts';

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

test('inOwnMounts and inMounts, for the time of the body, have those mounts, then the host\'s and the directory as before', { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-own-mounts-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [before, host] = [process.cwd(), readlinkSync('/proc/thread-self/ns/mnt')];
  mkdirSync(`${directory}/inner`);
  const holder = inOwnMounts(() => {
    mount({ source: 'tmpfs', target: `${directory}/inner`, type: 'tmpfs' });
    writeFileSync(`${directory}/inner/file`, 'seen there');
    return openSync('/proc/thread-self/ns/mnt', 'r');
  });
  assert.equal(existsSync(`${directory}/inner/file`), false);
  process.chdir(directory);
  assert.equal(inMounts(holder, () => readFileSync(`${directory}/inner/file`, 'utf8')), 'seen there');
  assert.throws(() => inMounts(holder, () => assert.fail('in the body')), /in the body/);
  closeSync(holder);
  assert.equal(readlinkSync('/proc/thread-self/ns/mnt'), host);
  assert.equal(process.cwd(), directory);
  process.chdir(before);
});
