import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runPod, runtimePath, skip, startPod } from './supervised-pod.ts';

/** Says whether it was told of the seal, and how it sees its own file. */
const program = `
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
int main(void) {
  const char *seal = getenv("SEALED");
  struct statvfs own;
  if (fstatvfs(open("/proc/self/exe", O_RDONLY), &own) < 0) return 2;
  printf("seal %s, %s\\n", seal == NULL ? "none" : seal, own.f_flag & ST_RDONLY ? "read-only" : "writable");
  return 1;
}`;

const sealed = ['--sealed-runtime=SEALED'];
const apps = [{ name: 'one', script: ':' }];

describe('the runtime', { skip }, () => {
  const work = fs.mkdtempSync(join(tmpdir(), 'rkt-runtime-'));
  const runtime = join(work, 'runtime');
  const script = join(work, 'script');
  before(() => {
    const { status, stderr } = spawnSync('gcc', ['-x', 'c', '-o', runtime, '-'], { input: program, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    fs.writeFileSync(script, '#!/bin/sh\necho "seal ${SEALED:-none}"\nexit 1\n', { mode: 0o755 });
  });
  after(() => fs.rmSync(work, { recursive: true }));

  test('sealed, is on a read-only mount and told so', async (t) => {
    const pod = await runPod(t, { apps, runtime, flags: sealed });
    assert.equal(pod.stdout, 'seal 1, read-only\n');
  });

  test('not sealed, is executed as it is', async (t) => {
    const pod = await runPod(t, { apps, runtime });
    assert.equal(pod.stdout, 'seal none, writable\n');
  });

  test('sealed, but nothing that can be executed so, is executed as it is and told nothing', async (t) => {
    const pod = await runPod(t, { apps, runtime: script, flags: sealed });
    assert.equal(pod.stdout, 'seal none\n');
  });

  test('sealed, crun, does not start a second time', { skip: !runtimePath.endsWith('crun') }, async (t) => {
    const trace = join(work, 'trace');
    const prefix = ['strace', '-D', '-f', '-qq', '-e', 'trace=execve,execveat', '-o', trace];
    if (spawnSync('strace', ['-V']).status !== 0) return t.skip('strace is missing');
    const pod = startPod(t, { apps, prefix, flags: ['--sealed-runtime=_LIBCONTAINER_CLONED_BINARY'] });
    assert.deepEqual(await pod.ended, { code: 0, signal: null });
    const starts = fs.readFileSync(trace, 'utf8').split('\n').filter((line) => line.includes('"run"'));
    assert.equal(starts.length, 1, starts.join('\n'));
  });
});
