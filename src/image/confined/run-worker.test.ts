import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ImageError } from '../image-error.ts';
import { runWorker } from './run-worker.ts';

const report = { info: () => {}, debug: () => {}, progress: () => {} };

/** Asks a shell script in place of the confined program. */
function ask(t: TestContext, script: string): Promise<unknown> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-worker-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const confine = join(directory, 'confine');
  writeFileSync(confine, `#!/bin/sh\n${script}\n`);
  chmodSync(confine, 0o755);
  const self = { path: '/bin/true', args: [], confine, files: [] };
  return runWorker({ self, report, handlers: {}, request: { kind: 'download-key', location: 'http://example.com/' } as never });
}

for (const [how, script] of [
  ['that ends before it has read', 'echo "confine: there is no room" >&2; exit 125'],
  ['that has closed its socket', 'exec 3>&-; sleep 0.2; echo "confine: there is no room" >&2; exit 125'],
] as const) {
  test(`runWorker, a process ${how}, fails with what it said`, async (t) => {
    await assert.rejects(ask(t, script), ({ code, message }: ImageError) => {
      assert.equal(code, 'bad-answer');
      assert.match(message, /ended with status 125: confine: there is no room/);
      return true;
    });
  });
}

test('runWorker, a process that closes its socket and stays, is ended', async (t) => {
  await assert.rejects(ask(t, 'exec 3>&-; exec sleep 600'), ({ code }: ImageError) => code === 'bad-answer');
});
