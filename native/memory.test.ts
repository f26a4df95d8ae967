import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { skip, startPod } from './supervised-pod.ts';

const MAXIMUM_PRIVATE_KB = 100;
const isOtherBuild = process.env['RKT_SUPERVISOR'] !== undefined && 'measures the release build only';

/** Kilobytes of a process, by the names of smaps_rollup. */
function memoryOf(pid: number): { rss: number; pss: number; private: number } {
  const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { rss: field('Rss'), pss: field('Pss'), private: field('Private_Clean') + field('Private_Dirty') };
}

describe('supervisor, memory', { skip: skip || isOtherBuild }, () => {
  test('of the supervisor and init together, less than 100 kB is private', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const [supervisor, init] = [memoryOf(pod.pid), memoryOf(pod.init)];
    t.diagnostic(`supervisor ${JSON.stringify(supervisor)} init ${JSON.stringify(init)} kB`);
    assert.ok(supervisor.private + init.private < MAXIMUM_PRIVATE_KB);
  });
});
