import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, type Registry, startRegistry } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const here = needs('root', 'docker-registry', 'skopeo');
const run = ['--insecure-options=image,http', 'run', '--net=none'];
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];

async function pushImage(scene: Scene, registry: Registry, config: Readonly<Record<string, unknown>>): Promise<string> {
  const rootfs = scene.home.file('rootfs');
  mkdirSync(rootfs);
  makeRootfs(rootfs, { '/data/of-the-image': 'content\n' });
  chmodSync(join(rootfs, 'data'), 0o1777);
  const layout = scene.home.file('layout');
  makeOciLayout(layout, { layers: [{ directory: rootfs }], config: { Env: ['PATH=/bin'], ...config } });
  return `docker://${await registry.push(layout, 'test/app', '1.2')}`;
}

test('run, a Docker image, appends arguments to its entry point and command', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const image = await pushImage(scene, registry, { Entrypoint: ['/bin/echo', 'entry'], Cmd: ['cmd'] });
  assert.equal((await scene.rkt([...run, image, '--', 'more'])).stdout, 'entry cmd more\n');
  assert.match((await scene.rkt(['image', 'list', '--fields=name', '--no-legend'])).stdout, /\/test\/app:1\.2$/m);
});

test('run, a Docker image with a lone user, runs as that user, and as another that is asked for', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const image = await pushImage(scene, registry, { Cmd: ['/bin/sh'], User: 'nobody', WorkingDir: '/tmp' });
  assert.equal((await scene.rkt([...run, image, ...shell('id -u; id -g; pwd')])).stdout, '65534\n65534\n/tmp\n');
  assert.equal((await scene.rkt([...run, image, '--user=0', ...shell('id -u')])).stdout, '0\n');
});

test('run, a Docker image whose working directory is in none of its layers, has it; not so one that is asked for', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const image = await pushImage(scene, registry, { Cmd: ['/bin/pwd'], WorkingDir: '/made/for/it' });
  assert.equal((await scene.rkt([...run, image])).stdout, '/made/for/it\n');
  assert.match((await scene.rkt([...run, image, '--working-dir=/not/there'], { status: 254 })).stderr, /there is no directory "\/not\/there" to work in/);
});

test('run, a Docker image with a volume nobody gave, finds there what the image has, with its mode', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const image = await pushImage(scene, registry, { Cmd: ['/bin/sh'], Volumes: { '/data': {}, '/elsewhere': {} } });
  const { stdout } = await scene.rkt([...run, image, ...shell('cat /data/of-the-image; stat -c %a /data; ls /elsewhere; touch /data/new; echo $?')]);
  assert.equal(stdout, 'content\n1777\n0\n');
});

test('run, a Docker image over HTTP without leave for it, says which option gives it', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const image = await pushImage(scene, registry, { Cmd: ['/bin/true'] });
  const { stderr } = await scene.insecure(['run', '--net=none', image], { status: 254 });
  assert.match(stderr, /--insecure-options=http/);
  const unsigned = await scene.rkt(['--insecure-options=http', 'run', '--net=none', image], { status: 254 });
  assert.match(unsigned.stderr, /has no signature\n.*--insecure-options=image/s);
});
