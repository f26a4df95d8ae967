import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeCosignKey, makeOciLayout, makeRootfs, needs, pushCosignSignature, startRegistry } from '#tests/support';
import { openScene } from './scene.ts';

const here = needs('root', 'docker-registry', 'skopeo', 'openssl');

test('image push and export, a signed image that leaves as it came, its signatures go with it', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const { file } = scene.home;
  const at = (repository: string): string => `docker://${registry.address}/${repository}`;
  makeRootfs(file('rootfs'));
  makeOciLayout(file('layout'), { layers: [{ directory: file('rootfs') }], config: { Cmd: ['/bin/echo', 'hello'] } });
  const built = (await scene.insecure(['fetch', '--full', `oci:${file('layout')}`])).stdout.trim();
  const push = (image: string, repository: string) => scene.rkt(['--debug', '--insecure-options=http', 'image', 'push', image, at(repository)]);
  const digest = (await push(built, 'team/built:1')).stdout.trim();
  assert.doesNotMatch((await push(built, 'team/again:1')).output, /its signatures went with it/);
  const key = makeCosignKey(scene.home.path);
  await pushCosignSignature(registry, { repository: 'team/built', digest }, key, file('signatures'));
  await scene.rkt(['trust', `--prefix=${registry.address.replace(':', '_')}/team`, '--skip-fingerprint-review', key.publicKey]);
  const fetch = (source: string) => scene.rkt(['--insecure-options=http', 'fetch', '--full', source]);
  const id = (await fetch(at('team/built:1'))).stdout.trim();

  const pushed = await push(id, 'team/promoted:1');
  assert.equal(pushed.stdout.trim(), digest);
  assert.match(pushed.output, /image: its signatures went with it/);
  assert.match((await fetch(at('team/promoted:1'))).output, /image: signature verified:\n {2}ECDSA P-256/);
  assert.match((await push(id, 'team/promoted:1')).output, /image: sha256-[0-9a-f]{64}\.sig is there already, and stays as it is/);

  await scene.rkt(['image', 'export', '--format=oci', id, file('exported')]);
  await scene.rkt(['image', 'export', '--format=oci-archive', id, file('exported.tar')]);
  assert.match(readFileSync(file('exported/index.json'), 'utf8'), new RegExp(`"${digest.replace(':', '-')}\\.sig"`));
  await scene.rkt(['image', 'rm', id]);
  for (const source of [`oci:${file('exported')}`, `oci-archive:${file('exported.tar')}`]) {
    assert.equal((await fetch(source)).stdout.trim(), id, source);
    await scene.rkt(['image', 'rm', id]);
  }
  const inspected = execFileSync('skopeo', ['inspect', '--raw', `oci:${file('exported')}:1`], { encoding: 'utf8' });
  assert.match(inspected, /"layers"/);
});

test('image push, an image that leaves as another than it came, says nothing of signatures and carries none', here, async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const { file } = scene.home;
  makeRootfs(file('rootfs'));
  // Its layer is compressed in another way than rkt does.
  const { digest } = makeOciLayout(file('layout'), { layers: [{ directory: file('rootfs'), compression: 'none' }], config: { Cmd: ['/bin/true'] } });
  const image = await registry.push(file('layout'), 'team/app', '1');
  const key = makeCosignKey(scene.home.path);
  await pushCosignSignature(registry, { repository: 'team/app', digest }, key, file('signatures'));
  await scene.rkt(['trust', `--prefix=${registry.address.replace(':', '_')}`, '--skip-fingerprint-review', key.publicKey]);
  const id = (await scene.rkt(['--insecure-options=http', 'fetch', '--full', `docker://${image}`])).stdout.trim();
  const { output, stdout } = await scene.rkt(['--debug', '--insecure-options=http', 'image', 'push', id, `docker://${registry.address}/team/other:1`]);
  assert.notEqual(stdout.trim(), digest);
  assert.doesNotMatch(output, /signatures/);
  assert.match((await scene.rkt(['--insecure-options=http', 'fetch', `docker://${registry.address}/team/other:1`], { status: 254 })).output, /has no signature/);
});
