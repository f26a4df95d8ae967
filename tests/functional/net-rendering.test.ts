import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '#tests/support';
import { type Lock, lockPath } from '#sys';
import { type NetScene, openNetScene } from './net-pods.ts';

const skip = needs('root', 'nsenter', 'unshare');

const web = {
  cniVersion: '1.0.0',
  name: 'web',
  plugins: [{ type: 'slow', bridge: 'web0', isGateway: true, ipam: { type: 'host-local', subnet: '10.94.0.0/24' } }],
};

/** Debian's bridge, once there is a file that it waits for. */
const SLOW = `#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exec /usr/lib/cni/bridge
touch WORKING
i=0; while [ ! -e AWAITED ] && [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done
[ -e AWAITED ] && echo seen > SEEN
exec /usr/lib/cni/bridge
`;

interface RenderScene extends NetScene {
  /** The directory of the tree of the scene's image, which is in the store and not rendered. */
  readonly tree: string;
  /** Is there once the plugin works. */
  readonly working: string;
  readonly seen: string;
  /** Nobody renders the image while this is held. */
  readonly lock: Lock;
  until(file: string): Promise<void>;
}

async function openRenderScene(awaited: (tree: string) => string): Promise<RenderScene> {
  const scene = await openNetScene();
  try {
    return await withTreeToRender(scene, awaited);
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
}

async function withTreeToRender(scene: NetScene, awaited: (tree: string) => string): Promise<RenderScene> {
  const { home } = scene;
  const pod = (await scene.rkt('prepare', '--quiet', scene.aci)).stdout.trim();
  const [app] = readdirSync(`${home.dataDir}/pods/prepared/${pod}/appsinfo`);
  const treeId = readFileSync(`${home.dataDir}/pods/prepared/${pod}/appsinfo/${app}/treeStoreID`, 'utf8');
  await scene.rkt('rm', pod);
  const tree = `${home.dataDir}/cas/tree/${treeId}`;
  rmSync(tree, { recursive: true });
  const [working, seen] = [home.file('working'), home.file('seen')];
  scene.configure('slow', SLOW.replaceAll('WORKING', working).replaceAll('AWAITED', awaited(tree)).replaceAll('SEEN', seen));
  scene.configure('10-web.conflist', web);
  const lock = lockPath(`${home.dataDir}/cas/treestorelocks/${treeId}`, 'file', 'exclusive')!;
  return { ...scene, tree, working, seen, lock, until };
}

async function until(file: string): Promise<void> {
  for (let i = 0; i < 1500 && !existsSync(file); i++) await sleep(20);
  assert.ok(existsSync(file), `there is no ${file}`);
}

/** Everything but what all pods of a network share. */
async function leaks(scene: NetScene): Promise<string[]> {
  return (await scene.traces()).filter((trace) => !trace.includes('web0'));
}

for (const [image, flags] of [['an image for an overlay', []], ['an image to be copied', ['--no-overlay']]] as const) {
  test(`run, ${image}, is rendered while the plugins work`, skip, async () => {
    await using scene = await openRenderScene((tree) => `${tree}/rendered`);
    const running = scene.rkt('run', '--net=web', ...flags, scene.aci, '--exec=/bin/sh', '--', '-c', 'echo from $(ip -o -4 addr show eth0 | tr -s " " | cut -d" " -f4)');
    await scene.until(scene.working);
    assert.equal(existsSync(`${scene.tree}/rendered`), false);
    scene.lock.release();
    const { status, output } = await running;
    assert.equal(status, 0, output);
    assert.match(output, /from 10\.94\.0\.2\/24/);
    assert.equal(readFileSync(scene.seen, 'utf8'), 'seen\n');
  });
}

test('run, an image that cannot be rendered while its network comes up, undoes the network and leaves no pod', skip, async () => {
  await using scene = await openRenderScene((tree) => join(tree, '../../../go-on'));
  const running = scene.rkt('run', '--net=web', scene.aci);
  await scene.until(scene.working);
  // The stage1's as well, which is rendered already.
  const blobs = readdirSync(`${scene.home.dataDir}/cas/blob`, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('sha512-'));
  for (const blob of blobs) writeFileSync(`${scene.home.dataDir}/cas/blob/${blob}`, 'this is no archive');
  scene.lock.release();
  writeFileSync(join(scene.tree, '../../../go-on'), '');
  const { status, stderr } = await running;
  assert.equal(status, 254, stderr);
  assert.match(stderr, /image sha512-/);
  assert.deepEqual(await leaks(scene), []);
  assert.equal((await scene.rkt('list', '--no-legend')).stdout.trim(), '');
});

test('run, a network that fails while an image is rendered, says so and leaves a whole tree', skip, async () => {
  await using scene = await openRenderScene((tree) => join(tree, '../../../go-on'));
  scene.configure('slow', `#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] || exit 0\ntouch ${scene.working}\necho the cable is cut >&2; exit 1\n`);
  const running = scene.rkt('run', '--net=web', scene.aci);
  await scene.until(scene.working);
  scene.lock.release();
  const { status, stderr } = await running;
  assert.equal(status, 254);
  assert.match(stderr, /failed to setup network: .*the cable is cut/);
  assert.ok(existsSync(`${scene.tree}/rendered`));
  assert.deepEqual(await leaks(scene), []);
});

test('gc, rkt killed while it renders and a plugin works, leaves nothing', skip, async () => {
  await using scene = await openRenderScene((tree) => join(tree, '../../../go-on'));
  const file = scene.home.file('uuid');
  const running = scene.rkt('run', `--uuid-file-save=${file}`, '--net=web', scene.aci);
  await scene.until(scene.working);
  process.kill(Number(readFileSync(`${scene.home.dataDir}/pods/run/${readFileSync(file, 'utf8')}/ppid`, 'utf8')), 'SIGKILL');
  scene.lock.release();
  writeFileSync(join(scene.tree, '../../../go-on'), '');
  await running;
  await scene.rkt('status', '--wait=15s', readFileSync(file, 'utf8'));
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});
