/** Which stage1 a pod gets: by flags, by configuration, and what is not taken for one. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, relative } from 'node:path';
import { test } from 'node:test';
import { makeKey, needs, rktProgram } from '#tests/support';
import { writeAci } from '../../scripts/write-aci.ts';
import { makeScriptStage1, type ScriptStage1 } from '../stage1-contract/script-stage1.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const signed = needs('root', 'gpg');

/** An image whose `run` does nothing but say so. */
function makeStage1(scene: Scene, word: string, options: Partial<ScriptStage1> = {}): string {
  const scripts = { run: `#!/bin/sh\necho $$ > pid; echo run by ${word}\n` };
  return makeScriptStage1(scene.home.file(`${word}.aci`), { interfaceVersion: '6', evidence: scene.home.path, name: `example.com/${word}`, scripts, ...options });
}

async function isRunBy(scene: Scene, word: string, ...flags: readonly string[]): Promise<void> {
  assert.equal((await scene.rkt(['run', ...flags, 'example.com/busybox'])).stdout, `run by ${word}\n`);
}

function pods(scene: Scene): string[] {
  const directory = join(scene.home.dataDir, 'pods');
  return existsSync(directory) ? readdirSync(directory).flatMap((phase) => readdirSync(join(directory, phase))) : [];
}

async function refused(scene: Scene, ...flags: readonly string[]): Promise<string> {
  const before = pods(scene);
  const { stderr, stdout } = await scene.rkt(['run', '--net=none', ...flags, 'example.com/busybox'], { status: 254 });
  assert.equal(stdout, '');
  assert.deepEqual(pods(scene), before);
  return stderr;
}

async function sceneWithImage(): Promise<Scene> {
  const scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  return scene;
}

function configure(scene: Scene, directory: string, document: object): void {
  mkdirSync(join(scene.home.localConfig, directory), { recursive: true });
  writeFileSync(join(scene.home.localConfig, directory, 'own.json'), JSON.stringify({ rktVersion: 'v1', ...document }));
}

test('--stage1-path, an unsigned image, is refused; a signed one of a trusted key is run', signed, async () => {
  await using scene = await sceneWithImage();
  using key = makeKey();
  const path = makeStage1(scene, 'signed');
  assert.match(await refused(scene, `--stage1-path=${path}`), /signed\.aci\.asc: no such file or directory/);
  key.sign(path);
  assert.match(await refused(scene, `--stage1-path=${path}`), /signature made by unknown entity/);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/signed', key.publicKeyFile]);
  await isRunBy(scene, 'signed', `--stage1-path=${path}`);
  const prepared = (await scene.rkt(['prepare', `--stage1-path=${path}`, 'example.com/busybox'])).stdout.trim();
  assert.match(readFileSync(join(scene.home.dataDir, 'pods/prepared', prepared, 'stage1/manifest'), 'utf8'), /"example\.com\/signed"/);
  assert.match(readFileSync(join(scene.home.dataDir, 'pods/prepared', prepared, 'stage1TreeStoreID'), 'utf8'), /^deps-sha512-/);
});

test('--stage1-name and --stage1-hash, an image in the store, need nothing else', root, async () => {
  await using scene = await sceneWithImage();
  const id = (await scene.insecure(['fetch', '--full', makeStage1(scene, 'held')])).stdout.trim();
  await isRunBy(scene, 'held', '--stage1-name=example.com/held');
  await isRunBy(scene, 'held', '--stage1-name=example.com/held:1.0');
  await isRunBy(scene, 'held', `--stage1-hash=${id}`);
  await isRunBy(scene, 'held', `--stage1-hash=${id.slice(0, 20)}`);
});

test('--stage1-url, a web server, is fetched once and needs a signature', signed, async () => {
  await using scene = await sceneWithImage();
  using key = makeKey();
  const path = makeStage1(scene, 'fetched');
  key.sign(path);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.end(request.url === '/s.aci.asc' ? readFileSync(`${path}.asc`) : request.url === '/s.aci' ? readFileSync(path) : '');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/s.aci`;
  try {
    assert.match(await refused(scene, `--stage1-url=${url}`), /signature made by unknown entity/);
    await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/fetched', key.publicKeyFile]);
    await isRunBy(scene, 'fetched', `--stage1-url=${url}`);
    const before = asked.length;
    await isRunBy(scene, 'fetched', `--stage1-url=${url}`);
    assert.equal(asked.length, before);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('--stage1-from-dir, the configured directory, is no trusted one: its images need signatures', signed, async () => {
  await using scene = await sceneWithImage();
  using key = makeKey();
  const path = makeStage1(scene, 'from-dir');
  configure(scene, 'paths.d', { rktKind: 'paths', 'stage1-images': scene.home.path });
  assert.match(await refused(scene, `--stage1-from-dir=${basename(path)}`), /from-dir\.aci\.asc: no such file or directory/);
  key.sign(path);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--root', key.publicKeyFile]);
  await isRunBy(scene, 'from-dir', `--stage1-from-dir=${basename(path)}`);
});

test('--stage1-from-dir, the directory beside rkt, is trusted', { skip: root.skip || (process.env['RKT'] === undefined ? false : '$RKT is not the built one') }, async (t) => {
  await using scene = await sceneWithImage();
  const images = join(rktProgram(), '../stage1-images');
  const name = `test-${process.pid}-${process.hrtime.bigint()}.aci`;
  mkdirSync(images, { recursive: true });
  t.after(() => rmSync(join(images, name), { force: true }));
  copyFileSync(makeStage1(scene, 'beside'), join(images, name));
  await isRunBy(scene, 'beside', `--stage1-from-dir=${name}`);
  await isRunBy(scene, 'beside', `--stage1-path=${join(images, name)}`);
  assert.match(await refused(scene, `--stage1-from-dir=${relative(images, scene.home.file('beside.aci'))}`), /beside\.aci\.asc: no such file or directory/);
});

test('stage1.d, name and version in the store, or else the location, is the default', signed, async () => {
  await using scene = await sceneWithImage();
  using key = makeKey();
  const path = makeStage1(scene, 'configured');
  const other = makeStage1(scene, 'other');
  key.sign(path);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--root', key.publicKeyFile]);
  configure(scene, 'stage1.d', { rktKind: 'stage1', name: 'example.com/other', version: '1.0', location: path });
  await isRunBy(scene, 'configured');
  await scene.insecure(['fetch', other]);
  await isRunBy(scene, 'other');
  await isRunBy(scene, 'configured', `--stage1-path=${path}`);
  configure(scene, 'stage1.d', { rktKind: 'stage1', name: 'example.com/third', version: '1.0' });
  assert.match(await refused(scene), /the configured stage1 example\.com\/third:1\.0 is not in the store, and no location is configured for it/);
  configure(scene, 'stage1.d', { rktKind: 'stage1', location: other });
  assert.match(await refused(scene), /other\.aci\.asc: no such file or directory/);
});

test('stage1.d, a location that is not there, is the file of that name beside rkt', root, async () => {
  await using scene = await sceneWithImage();
  configure(scene, 'stage1.d', { rktKind: 'stage1', location: '/nowhere/stage1-oci.aci' });
  const { stdout } = await scene.rkt(['run', '--net=none', 'example.com/busybox', '--exec=/bin/echo', '--', 'of rkt']);
  assert.equal(stdout, 'of rkt\n');
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--stage1-path=/a', '--stage1-name=b'], /flags --stage1-path and --stage1-name are mutually exclusive/],
  [['--stage1-path=/a.aci', '--stage1-path=/b.aci'], /--stage1-path already used/],
  [['--stage1-name='], /--stage1-name needs a value/],
  [['--stage1-name=Not A Name'], /Not A Name/],
  [['--stage1-hash=busybox'], /"busybox" is not the hash of an image/],
  [['--stage1-hash=sha512-0123456789'], /no image IDs found/],
  [['--stage1-url=/a.aci'], /stage1 image URL "\/a\.aci" has no scheme/],
  [['--stage1-from-dir=none.aci'], /there is no stage1 image at .*\/stage1-images\/none\.aci/],
  [['--stage1-name=example.com/busybox'], /image example\.com\/busybox cannot be used as stage1: it has no annotation coreos\.com\/rkt\/stage1\/run/],
];

for (const [flags, words] of wrong) {
  test(`run, ${flags.join(' ')}, is refused and leaves no pod`, root, async () => {
    await using scene = await sceneWithImage();
    assert.match(await refused(scene, ...flags), words);
  });
}

test('run, an image of another interface version or with paths that lead out of it, is refused and leaves no pod', root, async () => {
  await using scene = await sceneWithImage();
  for (const interfaceVersion of ['0', '7', 'six', '']) {
    const path = makeStage1(scene, 'odd', { interfaceVersion });
    assert.match(await refused(scene, '--insecure-options=image', `--stage1-path=${path}`), /its interface version is ".*"\nthis rkt has 1 to 6/);
  }
  const annotations = [{ name: 'coreos.com/rkt/stage1/run', value: '/ex/../../../../bin/sh' }];
  const labels = [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }];
  mkdirSync(scene.home.file('rootfs'));
  writeAci(scene.home.file('out.aci'), { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/out', labels, annotations }, scene.home.file('rootfs'));
  assert.match(await refused(scene, '--insecure-options=image', `--stage1-path=${scene.home.file('out.aci')}`), /is no path in it/);
});

test('run, --private-users with overlays in a stage1 image, is refused and leaves no pod', root, async () => {
  await using scene = await sceneWithImage();
  const flags = ['--insecure-options=image', `--stage1-path=${makeStage1(scene, 'users')}`, '--private-users'];
  assert.match(await refused(scene, ...flags), /cannot use both overlay and user namespace\nrun the pod with --no-overlay as well/);
});
