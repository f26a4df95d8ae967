import assert from 'node:assert/strict';
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LayerInput } from '#store';
import type { ProgressEvent } from '../context.ts';
import { watchGrowth } from './watch-growth.ts';

const digest = `sha256:${'0'.repeat(64)}` as LayerInput['digest'];
const input: LayerInput = { digest, diffId: digest, size: 10, compression: 'none' };

test('watchGrowth, a file that grows, tells how far, and refuses more than was announced', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-growth-'));
  const path = join(directory, 'layer');
  const fd = openSync(path, 'a');
  const told: ProgressEvent[] = [];
  const seen = Promise.withResolvers<void>();
  const report = {
    info: () => {},
    debug: () => {},
    progress: (event: ProgressEvent): void => {
      told.push(event);
      if (event.done === 4) seen.resolve();
    },
  };
  const growth = watchGrowth(input, fd, report);
  appendFileSync(path, 'four');
  await seen.promise;
  appendFileSync(path, 'and seven');
  await assert.rejects(growth.tooLong, { code: 'digest-mismatch', message: /more than the 10 bytes/ });
  growth.stop();
  assert.deepEqual(told.at(-1), { kind: 'layer', id: digest, done: 13, total: 10 });
  closeSync(fd);
  rmSync(directory, { recursive: true });
});
