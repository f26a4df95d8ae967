import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, startRegistry } from '#tests/support';
import { openScene } from './scene.ts';

const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const rootfsOf = (pod: string, app: string): string => join(pod, 'stage1/rootfs/opt/stage2', app, 'rootfs');

test('prepare, no overlay, copies the files of the image into the pod, and what the app writes stays there', needs('root'), async () => {
  await using scene = openScene({ files: { '/etc/motd': 'of the image\n' } });
  const uuid = await scene.prepare('--no-overlay=true', scene.aci, ...shell('cat /etc/motd; echo changed >/etc/motd; stat -c %a / /tmp'));
  const prepared = join(scene.home.dataDir, 'pods/prepared', uuid);
  assert.ok(existsSync(join(rootfsOf(prepared, 'busybox'), 'etc/motd')));
  assert.equal(existsSync(join(prepared, 'overlay-prepared')), false);
  assert.equal(existsSync(join(prepared, 'overlay')), false);
  assert.deepEqual(readdirSync(join(prepared, 'stage1/rootfs/opt/stage2/busybox')), ['rootfs']);
  const { stdout } = await scene.rkt(['run-prepared', '--net=none', uuid]);
  assert.equal(stdout, 'of the image\n755\n1777\n');
  const again = await scene.insecure(['run', '--net=none', scene.aci, ...shell('cat /etc/motd')]);
  assert.equal(again.stdout, 'of the image\n');
});

test('run, no overlay, two apps of one image, do not see what the other writes', needs('root'), async () => {
  await using scene = openScene();
  const app = (name: string, text: string): string[] => [scene.aci, `--name=${name}`, ...shell(text)];
  const { stdout } = await scene.insecure(['run', '--net=none', '--no-overlay', ...app('one', 'echo 1 >/root/one'), '---', ...app('two', 'sleep 1; ls /root')]);
  assert.equal(stdout, '');
});

test('run, no overlay, the image and its tree removed between prepare and run, still runs', needs('root'), async () => {
  await using scene = openScene();
  const uuid = await scene.prepare('--no-overlay', scene.aci, ...shell('echo still here'));
  await scene.rkt(['image', 'rm', 'example.com/busybox']);
  await scene.rkt(['image', 'gc', '--grace-period=0s']);
  assert.equal((await scene.rkt(['run-prepared', '--net=none', uuid])).stdout, 'still here\n');
});

test('run, no overlay, an image of several layers, has them laid over each other', needs('root', 'docker-registry', 'skopeo'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const [base, top] = ['base', 'top'].map((name) => scene.home.file(name));
  makeRootfs(base!, { '/gone': 'x', '/kept': 'kept\n', '/replaced': 'old\n' });
  chmodSync(join(base!, 'bin/busybox'), 0o4755);
  mkdirSync(top!);
  writeFileSync(join(top!, '.wh.gone'), '');
  writeFileSync(join(top!, 'replaced'), 'new\n');
  const layout = scene.home.file('layout');
  makeOciLayout(layout, { layers: [{ directory: base! }, { directory: top! }], config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] } });
  const image = `docker://${await registry.push(layout, 'test/layers')}`;
  const flags = ['--insecure-options=image,http', 'run', '--net=none', '--no-overlay'];
  const { stdout } = await scene.rkt([...flags, image, ...shell('cat /kept /replaced; test -e /gone || echo gone; stat -c %a /bin/busybox')]);
  assert.equal(stdout, 'kept\nnew\ngone\n4755\n');
});

test('rm, a pod without an overlay, leaves nothing of it', needs('root'), async () => {
  await using scene = openScene();
  const uuid = await scene.prepare('--no-overlay', scene.aci, ...shell('true'));
  await scene.rkt(['rm', uuid]);
  for (const phase of ['prepared', 'garbage', 'run']) {
    assert.equal(lstatSync(join(scene.home.dataDir, 'pods', phase, uuid), { throwIfNoEntry: false }), undefined);
  }
});
