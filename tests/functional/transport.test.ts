import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { diffTrees, listTree, makeOciLayout, makeRichImage, makeRootfs, needs, startRegistry } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const skopeo = (...args: string[]): string =>
  execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The files of an image of the store, as an app sees them. */
async function treeOf(scene: Scene, image: string): Promise<ReturnType<typeof listTree>> {
  const directory = scene.home.file(`tree-${Math.random()}`);
  await scene.rkt(['image', 'render', '--rootfs-only', image, directory]);
  const tree = listTree(directory);
  rmSync(directory, { recursive: true });
  return tree;
}

async function appOf(scene: Scene, image: string): Promise<unknown> {
  return (JSON.parse((await scene.rkt(['image', 'cat-manifest', image])).stdout) as { app: unknown }).app;
}

test('fetch, one image from a registry, a layout and an archive, the same ID where name and manifest are', needs('root', 'skopeo', 'docker-registry'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const { file } = scene.home;
  makeRootfs(file('rootfs'));
  makeOciLayout(file('layout'), { layers: [{ directory: file('rootfs') }], config: { Cmd: ['/bin/echo', 'hello'] } });
  const name = await registry.push(file('layout'), 'team/app', '1.2');
  const fetch = async (source: string): Promise<string> =>
    (await scene.home.rkt(['--insecure-options=image,http', 'fetch', '--full', source])).stdout.trim();
  const id = await fetch(`docker://${name}`);
  skopeo('copy', '-q', '--src-tls-verify=false', `docker://${name}`, `oci:${file('named')}:${name}`);
  skopeo('copy', '-q', '--src-tls-verify=false', `docker://${name}`, `oci-archive:${file('named.tar')}:${name}`);
  assert.equal(await fetch(`oci:${file('named')}:${name}`), id);
  assert.equal(await fetch(`oci-archive:${file('named.tar')}`), id);
  const input = readFileSync(file('named.tar'));
  const ran = execFileSync(process.env['RKT'] ?? 'dist/rkt', [...scene.home.flags, '--insecure-options=image', 'fetch', '--full', '-'], { input });
  assert.equal(ran.toString().trim(), id);
});

test('fetch and run, docker archives old and new, compressed and by name', needs('root', 'skopeo', 'umoci'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const expected = listTree(makeRichImage(file('layout'), file('work')));
  skopeo('copy', '-q', `oci:${file('layout')}:v1`, `docker-archive:${file('saved.tar')}:quay.io/team/app:3`);
  const id = (await scene.insecure(['fetch', `docker-archive:${file('saved.tar')}`])).stdout.trim();
  assert.deepEqual(diffTrees(await treeOf(scene, id), expected), []);
  execFileSync('gzip', ['-k', file('saved.tar')]);
  assert.equal((await scene.insecure(['fetch', `docker-archive:${file('saved.tar.gz')}:quay.io/team/app:3`])).stdout.trim(), id);
  assert.match((await scene.insecure(['fetch', `docker-archive:${file('saved.tar')}:other:1`], { status: 254 })).stderr, /no image named "other:1": there are "quay\.io\/team\/app:3"/);
  assert.match((await scene.insecure(['run', `oci:${file('layout')}`])).stdout, /from the image/);
});

test('fetch of what nobody signed, without --insecure-options=image, is refused', needs('root', 'umoci'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  makeRootfs(file('rootfs'));
  makeOciLayout(file('layout'), { layers: [{ directory: file('rootfs') }] });
  assert.match((await scene.rkt(['fetch', `oci:${file('layout')}`], { status: 254 })).stderr, /signature/);
  const { stderr } = await scene.rkt(['fetch', '-'], { status: 254, input: '' });
  assert.match(stderr, /standard input/);
});

test('image export and fetch, all formats, umoci and rkt find the tree that umoci made', needs('root', 'skopeo', 'umoci'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const expected = listTree(makeRichImage(file('layout'), file('work')));
  const id = (await scene.insecure(['fetch', '--full', `oci:${file('layout')}`])).stdout.trim();
  assert.deepEqual(diffTrees(await treeOf(scene, id), expected), []);
  const app = await appOf(scene, id);

  await scene.rkt(['image', 'export', '--format=oci', id, file('exported')]);
  execFileSync('umoci', ['unpack', '--image', `${file('exported')}:v1`, file('umoci')], { stdio: 'ignore' });
  assert.deepEqual(diffTrees(listTree(file('umoci/rootfs')), expected), []);
  await scene.rkt(['image', 'export', '--format=oci', id, file('again')]);
  execFileSync('diff', ['-r', file('exported'), file('again')]);
  const config = (source: string): { config: object } => JSON.parse(skopeo('inspect', '--config', source)) as { config: object };
  assert.deepEqual(config(`oci:${file('exported')}`).config, config(`oci:${file('layout')}:v1`).config);

  await scene.rkt(['image', 'export', '--format=oci-archive', id, file('archive.tar')]);
  await scene.rkt(['image', 'export', '--format=docker-archive', id, file('docker.tar')]);
  skopeo('copy', '-q', `docker-archive:${file('docker.tar')}`, `oci:${file('copied')}:v1`);
  for (const source of [`oci:${file('exported')}`, `oci-archive:${file('archive.tar')}`, `docker-archive:${file('docker.tar')}`, `oci:${file('copied')}:v1`]) {
    const back = (await scene.insecure(['fetch', '--full', source])).stdout.trim();
    assert.deepEqual(diffTrees(await treeOf(scene, back), expected), [], source);
    assert.deepEqual(await appOf(scene, back), app, source);
  }
});

test('image push, a layered image and an ACI, come back from the registry as they were', needs('root', 'skopeo', 'umoci', 'docker-registry'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const { file } = scene.home;
  const expected = listTree(makeRichImage(file('layout'), file('work')));
  const id = (await scene.insecure(['fetch', '--full', `oci:${file('layout')}`])).stdout.trim();
  await scene.insecure(['fetch', scene.aci]);
  const aci = await treeOf(scene, 'example.com/busybox');
  const http = (...args: string[]): ReturnType<Scene['rkt']> => scene.home.rkt(['--insecure-options=image,http', ...args]);
  const destination = `docker://${registry.address}/deep/rich:9`;
  const digest = (await http('image', 'push', id, destination)).stdout.trim();
  assert.equal((JSON.parse(skopeo('inspect', '--tls-verify=false', destination)) as { Digest: string }).Digest, digest);
  assert.match((await http('--debug', 'image', 'push', id, destination)).stderr, /blob sha256:\w+ is there/);
  await http('image', 'push', 'example.com/busybox', `docker://${registry.address}/busybox`);
  const [rich, busybox] = (await http('fetch', '--full', destination, `docker://${registry.address}/busybox`)).stdout.trim().split('\n');
  assert.deepEqual(diffTrees(await treeOf(scene, rich!), expected), []);
  assert.deepEqual(await appOf(scene, rich!), await appOf(scene, id));
  assert.deepEqual(diffTrees(await treeOf(scene, busybox!), aci), []);
  assert.match((await scene.rkt(['image', 'push', id, `docker://${registry.address}/x@sha256:${'0'.repeat(64)}`], { status: 254 })).stderr, /digest is not known/);
  assert.match((await scene.rkt(['image', 'push', id, 'oci:x'], { status: 254 })).stderr, /docker:\/\/REGISTRY/);
});

test('fetch of an image without a name, takes that of its directory', needs('root'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  makeRootfs(file('rootfs'));
  mkdirSync(file('My App'));
  makeOciLayout(file('My App'), { layers: [{ directory: file('rootfs') }] });
  const index = JSON.parse(readFileSync(file('My App/index.json'), 'utf8')) as { manifests: { annotations?: object }[] };
  delete index.manifests[0]!.annotations;
  writeFileSync(file('My App/index.json'), JSON.stringify(index));
  await scene.insecure(['fetch', `oci:${file('My App')}`]);
  assert.match((await scene.rkt(['image', 'list'])).stdout, /localhost\/my-app:latest/);
});
