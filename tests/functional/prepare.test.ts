import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openScene, UUID } from './scene.ts';

test('prepare, an image, prints only the UUID on stdout and leaves a prepared pod', needs('root'), async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['prepare', scene.aci]);
  assert.match(stdout, new RegExp(`^${UUID.source}\n$`));
  assert.ok(existsSync(join(scene.home.dataDir, 'pods/prepared', stdout.trim())));
  const status = await scene.status(stdout.trim());
  assert.equal(status['state'], 'prepared');
  assert.match(status['created']!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})? [+-]\d{4} \w+$/);
});

test('prepare, flags of the app, are in the pod manifest', needs('root'), async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--name=one', '--exec=/bin/echo', '--user=1', '--memory=42Mi', '--', 'a', 'b c');
  const manifest = JSON.parse((await scene.rkt(['cat-manifest', uuid])).stdout) as {
    acKind: string;
    apps: { name: string; app: { exec: string[]; user: string; isolators: { name: string }[] } }[];
  };
  assert.equal(manifest.acKind, 'PodManifest');
  assert.equal(manifest.apps[0]!.name, 'one');
  assert.deepEqual(manifest.apps[0]!.app.exec, ['/bin/echo', 'a', 'b c']);
  assert.equal(manifest.apps[0]!.app.user, '1');
  assert.ok(manifest.apps[0]!.app.isolators.some(({ name }) => name === 'resource/memory'));
});

test('run-prepared, a prepared pod, runs it once', needs('root'), async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/echo', '--', 'prepared and run');
  assert.match((await scene.rkt(['run-prepared', '--net=none', uuid])).stdout, /prepared and run/);
  await scene.rkt(['run-prepared', '--net=none', uuid], { status: 254 });
});

test('prepare, no image, is refused', needs('root'), async () => {
  await using scene = openScene();
  const { output } = await scene.rkt(['prepare'], { status: 254 });
  assert.match(output, /prepare: must provide at least one image or specify the pod manifest/);
});

test('prepare, the same image twice without names, is refused and leaves no pod', needs('root'), async () => {
  await using scene = openScene();
  await scene.insecure(['prepare', scene.aci, scene.aci], { status: 254 });
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.includes('prepared'), false);
});

test('prepare, flags beside a pod manifest, are in conflict', needs('root'), async () => {
  await using scene = openScene();
  const { output } = await scene.rkt(['prepare', '--pod-manifest=/nowhere', '--set-env=A=b'], { status: 254 });
  assert.match(output, /conflicting flags set with --pod-manifest \(see --help\)/);
});

test('prepare, duplicate volume names, are refused', needs('root'), async () => {
  await using scene = openScene();
  const volume = '--volume=data,kind=host,source=/tmp';
  assert.match((await scene.insecure(['prepare', volume, volume, scene.aci], { status: 254 })).output, /duplicate volume name/);
});
