import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { assertCollectable } from './crash-scene.ts';
import { startSandbox } from './sandbox.ts';

const root = needs('root');
const any = { status: 'any' } as const;
const forever = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

/** An internal fault or a stack is never an answer. */
function assertClear({ status, output }: { readonly status: number; readonly output: string }): void {
  assert.ok(status === 0 || status === 254, `exit status ${status}: ${output}`);
  assert.doesNotMatch(output, /internal error|\n\s+at .*:\d+:\d+/, output);
}

test('app add, four of one name at once, one gets it and the others are told', root, async () => {
  await using sandbox = await startSandbox();
  const results = await Promise.all(Array.from({ length: 4 }, () => sandbox.app('add', ['example.com/busybox', '--name=one'], any)));
  assert.deepEqual(results.map(({ status }) => status).toSorted((a, b) => a - b), [0, 254, 254, 254]);
  for (const { status, stderr } of results) if (status !== 0) assert.match(stderr, /multiple apps with name one/);
  assert.deepEqual(await sandbox.list(), ['one created']);
});

test('app add, four of different names at once, all come in', root, async () => {
  await using sandbox = await startSandbox();
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => sandbox.add(name, forever)));
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => sandbox.start(name)));
  assert.deepEqual((await sandbox.list()).toSorted(), ['a running', 'b running', 'c running', 'd running']);
});

test('app start, several at once, start it once', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', `echo begun; ${forever}`);
  await Promise.all(Array.from({ length: 3 }, () => sandbox.start('one')));
  await sandbox.stop();
  assert.match(sandbox.pod.output.stdout, /^one\[\d+\]: begun\n$/);
});

test('app rm beside start and stop, the app is gone and nothing is half done', root, async () => {
  await using sandbox = await startSandbox();
  for (let round = 0; round < 3; round++) {
    await sandbox.add('one', forever);
    const results = await Promise.all([
      sandbox.app('start', ['--app=one'], any),
      sandbox.app('rm', ['--app=one'], any),
      sandbox.app('stop', ['--app=one'], any),
      sandbox.app('start', ['--app=one'], any),
    ]);
    for (const result of results) assertClear(result);
    assert.equal(results[1]!.status, 0, results[1]!.output);
    assert.deepEqual(await sandbox.list(), []);
  }
});

test('app verbs beside the stop of the pod, each is done or says that the pod does not run', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', forever);
  await sandbox.add('two', forever);
  await sandbox.start('two');
  const results = await Promise.all([
    sandbox.app('start', ['--app=one'], any),
    sandbox.app('add', ['example.com/busybox', '--name=three'], any),
    sandbox.app('rm', ['--app=two'], any),
    sandbox.scene.rkt(['stop', sandbox.uuid], any),
    sandbox.app('stop', ['--app=two'], any),
    sandbox.app('add', ['example.com/busybox', '--name=four'], any),
  ]);
  for (const result of results) assertClear(result);
  await sandbox.pod.ended;
  await assertCollectable(sandbox.scene, 'after the pod has been stopped');
});

test('app verbs beside gc and rm of the pod, leave no pod behind', root, async () => {
  await using sandbox = await startSandbox();
  const { scene, uuid } = sandbox;
  await sandbox.add('one', forever);
  await sandbox.stop();
  const results = await Promise.all([
    scene.rkt(['app', 'rm', uuid, '--app=one'], any),
    scene.rkt(['gc', '--grace-period=0s'], any),
    scene.rkt(['rm', uuid], any),
    scene.rkt(['app', 'add', uuid, 'example.com/busybox', '--name=two'], any),
  ]);
  for (const result of results) assertClear(result);
  await assertCollectable(scene, 'after all');
});
