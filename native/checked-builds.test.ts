/** The same scenarios with builds that watch themselves: sanitizers, and valgrind's memcheck. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { skip } from './supervised-pod.ts';

const here = import.meta.dirname;
const isNested = (process.env['RKT_SUPERVISOR'] ?? process.env['RKT_CONFINE']) !== undefined && 'runs the other test files itself';
const lacks = (program: string): string | false =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? false : `${program} is not installed`;
const scenarios = ['arguments', 'lifecycle', 'restart', 'probes', 'notify', 'listen', 'relay', 'confinement', 'console', 'streams', 'attach', 'control', 'confine'].map((name) => join(here, `${name}.test.ts`));

describe('supervisor, checked builds', { skip: skip || isNested }, () => {
  test('sanitizers, find nothing in any scenario', { skip: lacks('gcc'), timeout: 300_000 }, (t) => {
    const directory = make(t, 'asan');
    const log = join(directory, 'log');
    runScenarios({
      RKT_SUPERVISOR: join(here, 'build/supervisor-asan'),
      RKT_CONFINE: join(here, 'build/confine-asan'),
      ASAN_OPTIONS: `log_path=${log}:handle_segv=0`,
      UBSAN_OPTIONS: `log_path=${log}:print_stacktrace=1`,
    });
    assert.deepEqual(readLogs(directory), []);
  });

  test('valgrind, finds nothing in any scenario', { skip: lacks('gcc') || lacks('valgrind'), timeout: 600_000 }, (t) => {
    const directory = make(t, 'debug');
    const wrapper = join(directory, 'supervisor');
    const valgrind = `valgrind -q --leak-check=full --log-file='${directory}/log.%p'`;
    const confine = join(directory, 'confine');
    fs.writeFileSync(wrapper, `#!/bin/sh\nexec ${valgrind} ${join(here, 'build/supervisor-debug')} "$@"\n`, { mode: 0o755 });
    fs.writeFileSync(confine, `#!/bin/sh\nexec ${valgrind} ${join(here, 'build/confine-debug')} "$@"\n`, { mode: 0o755 });
    runScenarios({ RKT_SUPERVISOR: wrapper, RKT_SUPERVISOR_WRAPPED: '1', RKT_CONFINE: confine, RKT_CONFINE_WRAPPED: '1' });
    assert.deepEqual(readLogs(directory), []);
  });
});

function make(t: TestContext, target: string): string {
  const made = spawnSync('make', ['-C', here, target], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const directory = fs.mkdtempSync(join(tmpdir(), 'rkt-checked-'));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  return directory;
}

function runScenarios(env: Record<string, string>): void {
  const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
  const result = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=tap', ...scenarios], {
    encoding: 'utf8',
    env: { ...outer, ...env },
  });
  assert.equal(result.status, 0, result.stdout + result.stderr);
}

/** What was logged, but for what says nothing. */
function readLogs(directory: string): string[] {
  return fs
    .readdirSync(directory)
    .filter((name) => name.startsWith('log'))
    .map((name) => fs.readFileSync(join(directory, name), 'utf8'))
    .filter((text) => text.trim() !== '');
}
