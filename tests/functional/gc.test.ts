import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupsOf, findLeaks, needs, run } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');

function podsIn(scene: Scene, directory: string): string[] {
  return readdirSync(join(scene.home.dataDir, 'pods', directory));
}

test('gc, an exited pod, waits for the grace period and then removes everything of it', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/true');
  await scene.rkt(['run-prepared', '--net=none', uuid]);
  await scene.rkt(['gc', '--grace-period=1h']);
  assert.deepEqual(podsIn(scene, 'exited-garbage'), [uuid]);
  await scene.rkt(['gc', '--grace-period=0s']);
  for (const directory of ['run', 'exited-garbage', 'garbage']) assert.deepEqual(podsIn(scene, directory), []);
  assert.deepEqual(findLeaks(scene.home.path), []);
  assert.deepEqual(cgroupsOf(uuid), []);
});

const unified = '/sys/fs/cgroup/unified';
const hybrid = { skip: root.skip || (!existsSync(unified) && 'the host does not have both versions of cgroups') };

test('gc, an exited pod on a host with both versions of cgroups, leaves nothing in the file system that they are mounted on', hybrid, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/true');
  await scene.rkt(['run-prepared', '--net=none', uuid]);
  await scene.rkt(['gc', '--grace-period=0s']);
  const script = `umount -l ${unified} && find ${unified} -name "*$1*"`;
  const { stdout } = await run('unshare', ['--mount', 'sh', '-c', script, 'sh', uuid.replaceAll('-', '?x2d')]);
  assert.equal(stdout, '');
});

test('gc, an exited pod and a grace period of nothing, marks and removes it at once', root, async () => {
  await using scene = openScene();
  for (let i = 0; i < 3; i++) {
    await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
    // The kernel's times are finer than ours for a directory that somebody has looked at.
    await scene.rkt(['list']);
    const { output } = await scene.rkt(['gc', '--grace-period=0s']);
    assert.doesNotMatch(output, /within grace period/);
    assert.deepEqual(['run', 'exited-garbage'].map((directory) => podsIn(scene, directory)), [[], []]);
  }
});

test('gc, mark-only, moves and removes nothing', root, async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  await scene.rkt(['gc', '--mark-only', '--grace-period=0s']);
  assert.equal(podsIn(scene, 'exited-garbage').length, 1);
  assert.equal(podsIn(scene, 'run').length, 0);
});

test('gc, a prepared pod, is kept until it expires', root, async () => {
  await using scene = openScene();
  await scene.prepare(scene.aci);
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.equal(podsIn(scene, 'prepared').length, 1);
  await scene.rkt(['gc', '--grace-period=0', '--expire-prepared=0']);
  assert.equal(podsIn(scene, 'prepared').length, 0);
});

test('rm, an exited and a prepared pod, removes both and prints them quoted', root, async () => {
  await using scene = openScene();
  const prepared = await scene.prepare(scene.aci);
  const exited = await scene.prepare(scene.aci, '--exec=/bin/true');
  await scene.rkt(['run-prepared', '--net=none', exited]);
  const { stdout } = await scene.rkt(['rm', prepared, exited]);
  assert.equal(stdout, `"${prepared}"\n"${exited}"\n`);
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
});

test('rm, nothing and an unknown pod, are refused', async () => {
  await using scene = openScene();
  const nothing = await scene.rkt(['rm', ''], { status: 254 });
  assert.match(nothing.output, /^rm: cannot get pod: UUID cannot be empty$[\s\S]*^rm: failed to remove one or more pods$/m);
  const unknown = await scene.rkt(['rm', '0f746094-3438-42bc-ab37-3cf85f132e60'], { status: 254 });
  assert.match(unknown.output, /rm: cannot get pod: no matches found for "0f746094-3438-42bc-ab37-3cf85f132e60"/);
});

test('a pod that has exited, holds no mount and no process', root, async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true']);
  assert.deepEqual(findLeaks(scene.home.path), []);
});

test('image gc, after the pods are gone, removes trees that nobody uses', root, async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  await scene.rkt(['gc', '--grace-period=0s']);
  await scene.rkt(['image', 'gc', '--grace-period=0s']);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
  assert.deepEqual(readdirSync(join(scene.home.dataDir, 'cas/tree')), []);
});
