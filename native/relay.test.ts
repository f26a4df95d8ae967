/** What `rkt enter` becomes where the program may not use the caller's own standard streams. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { skip, supervisorPath } from './supervised-pod.ts';

const wrapped = process.env['RKT_SUPERVISOR_WRAPPED'] !== undefined && 'the name of the program is lost';
const LABEL = 'system_u:object_r:container_file_t:s0:c1,c2';
const relay = (script: string, input = '') =>
  spawnSync(supervisorPath, [LABEL, '/bin/sh', '-c', script], { argv0: 'rkt-relay', input, encoding: 'utf8', maxBuffer: 1 << 28 });

describe('relay', { skip: skip || wrapped }, () => {
  test('input, both outputs and the exit status, are handed on; the streams are pipes of its own', () => {
    const { stdout, stderr, status } = relay('cat; stat -L -c %F /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2; echo oops >&2; exit 7', 'a\nb');
    assert.deepEqual([stdout, stderr, status], ['a\nbfifo\nfifo\nfifo\n', 'oops\n', 7]);
  });

  test('much in both directions, is all there', () => {
    const much = 'line\n'.repeat(400_000);
    const { stdout, stderr } = relay('tee /dev/stderr', much);
    assert.ok(stdout === much && stderr === much, `${stdout.length} and ${stderr.length} of ${much.length} bytes`);
  });

  test('regular files as streams, are read and written', () => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'rkt-relay-'));
    try {
      fs.writeFileSync(join(directory, 'in'), 'from a file\n');
      const [input, output] = [fs.openSync(join(directory, 'in'), 'r'), fs.openSync(join(directory, 'out'), 'w')];
      spawnSync(supervisorPath, [LABEL, '/bin/cat'], { argv0: 'rkt-relay', stdio: [input, output, 'inherit'] });
      assert.equal(fs.readFileSync(join(directory, 'out'), 'utf8'), 'from a file\n');
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  test('a program that leaves another behind, which holds its output, is not waited for any longer', () => {
    const { stdout, status } = relay('sleep 1000 & echo "$!"; exit 3');
    process.kill(Number(stdout));
    assert.equal(status, 3);
  });

  test('a program that does not read its input, ends', () => {
    assert.equal(relay('exit 4', 'x'.repeat(1 << 20)).status, 4);
  });

  test('a signal to the program, ends the relay by the same; one to the relay, reaches the program', async () => {
    assert.equal(relay('kill -TERM $$').signal, 'SIGTERM');
    const child = spawn(supervisorPath, [LABEL, '/bin/sh', '-c', 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'], { argv0: 'rkt-relay', stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 9);
  });

  test('a reader who goes, breaks the pipe of the program', async () => {
    const child = spawn(supervisorPath, [LABEL, '/bin/sh', '-c', 'while echo on; do sleep 0.01; done'], { argv0: 'rkt-relay', stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    assert.equal(await ended, 'SIGPIPE');
  });

  test('no program, or one that is not there, fails by name', () => {
    assert.equal(spawnSync(supervisorPath, [LABEL], { argv0: 'rkt-relay' }).status, 254);
    const { status, stderr } = spawnSync(supervisorPath, [LABEL, '/nowhere'], { argv0: 'rkt-relay', encoding: 'utf8' });
    assert.equal(status, 254);
    assert.match(stderr, /cannot execute \/nowhere: No such file or directory|cannot execute: \/nowhere/);
  });
});
