import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, startRegistry } from '#tests/support';
import { namesIn } from './crash-scene.ts';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'mount');

/** Makes the scene's data directory a file system of its own of so many MiB, while the body runs. */
async function onSmallDisk(scene: Scene, mebibytes: number, body: () => Promise<void>): Promise<void> {
  const { dataDir } = scene.home;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=755`, 'rkt-test', dataDir]);
  try {
    await body();
    await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'], { status: 'any' });
  } finally {
    execFileSync('umount', ['-l', dataDir]);
  }
}

function usedBytes(path: string): number {
  const { bfree, blocks, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

/** A file that leaves so many bytes free. */
function fillDisk(scene: Scene, left: number): string {
  const path = join(scene.home.dataDir, 'filler');
  const { bfree, bsize } = statfsSync(scene.home.dataDir);
  writeFileSync(path, Buffer.alloc(Math.max(0, bfree * bsize - left)));
  return path;
}

async function assertNoSpace(scene: Scene, args: readonly string[]): Promise<void> {
  const { status, output } = await scene.rkt(['--insecure-options=image,http', ...args], { status: 'any' });
  assert.equal(status, 254, output);
  assert.match(output, /no space left on device/i);
  assert.doesNotMatch(output, /internal error|\n\s+at .*:\d+:\d+/);
}

test('fetch of an ACI, on a full disk, says so and leaves nothing', root, async () => {
  await using scene = openScene();
  await onSmallDisk(scene, 1, async () => {
    await assertNoSpace(scene, ['fetch', scene.aci]);
    assert.deepEqual(['tmp', 'private'].flatMap((name) => namesIn(join(scene.home.dataDir, 'cas', name))), []);
    assert.ok(usedBytes(scene.home.dataDir) < 64 << 10, `${usedBytes(scene.home.dataDir)} bytes`);
    assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
  });
});

test('fetch of a layered image, on a full disk, says so and leaves nothing', needs('root', 'mount', 'docker-registry', 'skopeo'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  makeRootfs(scene.home.file('base'), {});
  makeOciLayout(scene.home.file('layout'), { layers: [{ directory: scene.home.file('base') }] });
  const image = `docker://${await registry.push(scene.home.file('layout'), 'test/full', '1')}`;
  for (const mebibytes of [1, 2]) {
    await onSmallDisk(scene, mebibytes, async () => {
      await assertNoSpace(scene, ['fetch', image]);
      assert.deepEqual(['tmp', 'private'].flatMap((name) => namesIn(join(scene.home.dataDir, 'cas', name))), []);
    });
  }
});

for (const command of [['prepare'], ['run', '--net=none'], ['run', '--net=default']]) {
  test(`${command.join(' ')}, on a disk that is full at any moment, says so and leaves nothing`, root, async () => {
    await using scene = openScene();
    await onSmallDisk(scene, 16, async () => {
      await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
      const id = (await scene.insecure(['fetch', scene.aci])).stdout.trim();
      await scene.rkt(['gc', '--grace-period=0s']);
      const before = usedBytes(scene.home.dataDir);
      for (const left of [0, 4096, 8192, 16384, 24576, 40960]) {
        const filler = fillDisk(scene, left);
        const { status, output } = await scene.rkt([...command, id, '--exec=/bin/true'], { status: 'any' });
        rmSync(filler);
        assert.doesNotMatch(output, /internal error|\n\s+at .*:\d+:\d+/, `${left} bytes left`);
        assert.ok([0, 254].includes(status), `${left} bytes left: exit status ${status}: ${output}`);
        if (status === 254) assert.match(output, /no space left on device/i, `${left} bytes left`);
        if (left === 0) assert.equal(status, 254, output);
        await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
        const after = usedBytes(scene.home.dataDir);
        assert.ok(after <= before + 16384, `${left} bytes left: ${after} bytes used, ${before} before`);
      }
    });
  });
}

test('gc, on a full disk, works', root, async () => {
  await using scene = openScene();
  await onSmallDisk(scene, 16, async () => {
    await scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true']);
    fillDisk(scene, 0);
    await scene.rkt(['list']);
    await scene.rkt(['gc', '--grace-period=0s']);
    assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
  });
});

test('app add, on a disk that is full at any moment, says so and leaves the pod as it was', root, async () => {
  await using scene = openScene();
  await onSmallDisk(scene, 16, async () => {
    await scene.insecure(['fetch', scene.aci]);
    const { uuid, ended } = await startRkt(scene, ['app', 'sandbox', '--net=none']);
    try {
      await addOnFullDisk(scene, uuid);
    } finally {
      await scene.rkt(['stop', uuid]);
    }
    assert.deepEqual(await ended, { code: 0, signal: null });
  });
});

async function addOnFullDisk(scene: Scene, uuid: string): Promise<void> {
  const add = ['app', 'add', uuid, 'example.com/busybox', '--name=one', '--exec=/bin/sleep', '--', '1000'];
  const rm = ['app', 'rm', uuid, '--app=one'];
  // The image is unpacked now, so that there is room for the app or not.
  await scene.rkt(add);
  await scene.rkt(rm);
  const outcomes = new Set<number>();
  for (const left of [0, 4096, 8192, 16384, 24576, 65536]) {
    const filler = fillDisk(scene, left);
    const { output, status } = await scene.rkt(add, { status: 'any' });
    rmSync(filler);
    outcomes.add(status);
    assert.doesNotMatch(output, /internal error|\n\s+at .*:\d+:\d+/, `${left} bytes left`);
    assert.equal((await scene.rkt(['app', 'list', '--no-legend', uuid])).stdout, status === 0 ? 'one\tcreated\n' : '\n', output);
    if (status === 0) await scene.rkt(rm);
    else assert.match(output, /no space left on device/i);
  }
  assert.deepEqual([...outcomes].toSorted((a, b) => a - b), [0, 254]);
  await scene.rkt(add);
  await scene.rkt(['app', 'start', uuid, '--app=one']);
}
