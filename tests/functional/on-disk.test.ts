/** The files of a pod that other programs read: names and contents of rkt 1.30, docs/on-disk-format.md. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupsOf, needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');

/** Starts a pod with a network and a volume; its directory. */
async function start(scene: Scene): Promise<{ readonly uuid: string; readonly directory: string; text(name: string): string }> {
  const volume = ['--volume=data,kind=empty', '--mount=volume=data,target=/data'];
  const { uuid } = await startRkt(scene, ['run', ...volume, scene.aci, '--exec=/bin/sh', '--', '-c', 'echo in the volume >/data/x; exec sleep 1000']);
  const directory = join(scene.home.dataDir, 'pods/run', uuid);
  return { uuid, directory, text: (name) => readFileSync(join(directory, name), 'utf8').trim() };
}

test('files of a running pod, are those of rkt 1.30 with the contents they had', root, async () => {
  await using scene = openScene();
  const { uuid, directory, text } = await start(scene);
  const manifest = JSON.parse(text('pod')) as { acKind: string; apps: [{ image: { id: string } }] };
  assert.equal(manifest.acKind, 'PodManifest');
  assert.equal(readlinkSync(`/proc/${text('pid')}/ns/net`), `net:[${statSync(text('netns')).ino}]`);
  assert.match(readFileSync(`/proc/${text('pid')}/status`, 'utf8'), new RegExp(`^PPid:\t${text('ppid')}$`, 'm'));
  assert.equal(text('subcgroup'), `machine.slice/machine-rkt\\x2d${uuid.replaceAll('-', '\\x2d')}.scope`);
  const cgroups = cgroupsOf(uuid);
  assert.ok(cgroups.some((path) => path.endsWith(`/${text('subcgroup')}`)), cgroups.join('\n'));
  const [net] = JSON.parse(text('net-info.json')) as [Record<string, unknown>];
  assert.equal(net['netName'], 'default');
  assert.deepEqual(['ifName', 'ip', 'mask', 'netConf'].filter((key) => !(key in net)), []);
  for (const id of [text('stage1TreeStoreID'), text('appsinfo/busybox/treeStoreID')]) {
    assert.ok(existsSync(join(scene.home.dataDir, 'cas/tree', id)), id);
  }
  const image = JSON.parse(text('appsinfo/busybox/manifest')) as { acKind: string };
  assert.equal(image.acKind, 'ImageManifest');
  assert.equal((JSON.parse(text('stage1/manifest')) as typeof image).acKind, 'ImageManifest');
  assert.equal(text('overlay-prepared'), '');
  assert.deepEqual(readdirSync(join(directory, 'overlay', text('appsinfo/busybox/treeStoreID'))).sort(), ['upper', 'work']);
  assert.equal(text('sharedVolumes/data/x'), 'in the volume');
  assert.equal(readlinkSync(join(directory, 'stage1/rootfs/rkt/supervisor-status')), 'ready');
  assert.deepEqual(readdirSync(join(directory, 'stage1/rootfs/rkt/status')), []);
});

test('files of a running app, are an empty directory to the host, and seen through its process', root, async () => {
  await using scene = openScene();
  const { directory, text } = await start(scene);
  assert.deepEqual(readdirSync(join(directory, 'stage1/rootfs/opt/stage2/busybox/rootfs')), []);
  assert.equal(readFileSync(`/proc/${text('stage1/oci/busybox/pid')}/root/data/x`, 'utf8'), 'in the volume\n');
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(directory));
});

test('files of a pod that has exited, say how its app ended, and its cgroups are there until gc', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  await scene.insecure(['run', '--net=none', `--uuid-file-save=${file}`, scene.aci, '--exec=/bin/sh', '--', '-c', 'exit 7'], { status: 7 });
  const uuid = readFileSync(file, 'utf8');
  assert.equal(readFileSync(join(scene.home.dataDir, 'pods/run', uuid, 'stage1/rootfs/rkt/status/busybox'), 'utf8'), '7\n');
  assert.notDeepEqual(cgroupsOf(uuid), []);
  await scene.rkt(['gc', '--mark-only']);
  assert.deepEqual(readdirSync(join(scene.home.dataDir, 'pods/exited-garbage')), [uuid]);
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.deepEqual([...readdirSync(join(scene.home.dataDir, 'pods/exited-garbage')), ...cgroupsOf(uuid)], []);
});

test('trees, of images, are one each with the files of rkt 1.30, and hold each file once', root, async () => {
  await using scene = openScene();
  await scene.prepare(scene.aci);
  await scene.prepare(scene.aci);
  const trees = join(scene.home.dataDir, 'cas/tree');
  const names = readdirSync(trees);
  assert.equal(names.length, 2);
  const found = readdirSync(trees, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('/busybox'));
  assert.equal(found.length, 1);
  const tree = join(trees, found[0]!.split('/')[0]!);
  assert.deepEqual(['hash', 'image', 'manifest', 'rendered', 'rootfs'].filter((name) => !existsSync(join(tree, name))), []);
  for (const name of ['hash', 'image']) assert.match(readFileSync(join(tree, name), 'utf8'), /^sha512-[0-9a-f]{64}/);
});
