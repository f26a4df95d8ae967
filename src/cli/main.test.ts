import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ProgramResult, runProgram } from '#sys';

const root = join(import.meta.dirname, '../..');

function sh(script: string): Promise<ProgramResult> {
  return runProgram('/bin/sh', ['-c', script], { cwd: root, timeout: 30_000 });
}

test('bin/rkt, version, prints on standard output and exits 0', async () => {
  const { status, stderr, stdout } = await sh('bin/rkt v');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /rkt [vV]ersion[:]? (\d[.\d]+)/);
  assert.match(stdout, /appc [vV]ersion[:]? (\d[.\d]+)/);
});

test('bin/rkt, unknown command, exits 254 with a text on standard error', async () => {
  const { status, stderr, stdout } = await sh('bin/rkt bogus');
  assert.deepEqual([status, stdout], [254, '']);
  assert.equal(stderr, 'Error: unknown command "bogus" for "rkt"\nRun \'rkt --help\' for usage.\n');
});

test('bin/rkt, a reader that has gone, is no stack trace', async () => {
  const { stderr, stdout } = await sh('( sleep 0.2; bin/rkt help run; echo "status $?" >&2 ) | true');
  assert.equal(stdout, '');
  assert.equal(stderr, 'status 141\n');
});

test('bin/rkt, standard error closed, is no stack trace either', async () => {
  const { status } = await sh('bin/rkt bogus 2>&-');
  assert.equal(status, 254);
});
