import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findKillPoints, needs, rktProgram, runKilledAt, sampleOf } from '#tests/support';
import { assertCollectable } from './crash-scene.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const sweeper = needs('root', 'strace');
const forever = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
const NEW = ['example.com/busybox', '--name=new', '--exec=/bin/sh', '--', '-c', forever];

/** What must hold after a kill: the pod runs, its other app as well, and `new` can come, run and go. */
async function assertSound(sandbox: Sandbox): Promise<void> {
  const [old, ...rest] = await sandbox.list();
  assert.equal(old, 'old running');
  assert.ok(rest.length === 0 || /^new (created|running|exited)$/.test(rest.join()), rest.join());
  if (rest.length > 0) await sandbox.app('rm', ['--app=new']);
  await sandbox.add('new', forever);
  await sandbox.start('new');
  assert.deepEqual(await sandbox.list(), ['old running', 'new running']);
  await sandbox.app('rm', ['--app=new']);
  assert.deepEqual(await sandbox.list(), ['old running']);
}

/** Kills `rkt app VERB` at one point after the other. */
async function sweep(sandbox: Sandbox, before: () => Promise<unknown>, words: readonly string[], most: number): Promise<void> {
  const line = [...sandbox.scene.home.flags, 'app', words[0]!, sandbox.uuid, ...words.slice(1)];
  await before();
  const points = await findKillPoints(rktProgram(), line);
  await assertSound(sandbox);
  for (const point of sampleOf(points, most)) {
    await before();
    await runKilledAt(point, rktProgram(), line);
    await assertSound(sandbox).catch((error: unknown) => {
      throw new Error(`killed before ${point.call} ${point.nth}: ${point.text}`, { cause: error });
    });
  }
}

const added = (sandbox: Sandbox): Promise<unknown> => sandbox.add('new', forever);

test('app add, start, stop and rm, killed anywhere, leave the pod with or without the app', sweeper, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('old', forever);
  await sandbox.start('old');
  await sweep(sandbox, async () => {}, ['add', ...NEW], 5);
  await sweep(sandbox, () => added(sandbox), ['start', '--app=new'], 2);
  await sweep(sandbox, () => added(sandbox).then(() => sandbox.start('new')), ['stop', '--app=new'], 1);
  await sweep(sandbox, () => added(sandbox).then(() => sandbox.start('new')), ['rm', '--app=new'], 5);
  assert.deepEqual(await sandbox.stop(), { code: 0, signal: null });
  await assertCollectable(sandbox.scene, 'after all kills');
});
