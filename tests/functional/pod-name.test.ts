import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { ownManifest, shellApp } from './own-manifest.ts';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const any = { status: 'any' } as const;
const loop = ['--exec=/bin/sleep', '--', '300'];

const names = ({ home }: Scene): string[] => readdirSync(join(home.dataDir, 'names'));

test('--pod-name, a running pod, is found by its name by every command that takes a UUID', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', '--pod-name=web', scene.aci, ...loop]);
  const { stdout } = await scene.rkt(['status', 'web']);
  assert.match(stdout, /^state=running$/m);
  assert.match(stdout, /^name=web$/m);
  assert.match((await scene.rkt(['cat-manifest', 'web'])).stdout, /"coreos.com\/rkt\/pod-name"/);
  assert.equal((await scene.rkt(['enter', 'web', '/bin/hostname'])).stdout, `rkt-${pod.uuid}\n`);
  const [listed] = JSON.parse((await scene.rkt(['list', '--format=json'])).stdout) as [{ name: string; pod_name: string }];
  assert.deepEqual([listed.name, listed.pod_name], [pod.uuid, 'web']);
  assert.match((await scene.rkt(['stats', '--interval=0s', '--format=json', 'web'])).stdout, new RegExp(`^\\[{"name":"${pod.uuid}","pod_name":"web",`));
  assert.equal((await scene.rkt(['stop', 'web'])).stdout, `"${pod.uuid}"\n`);
  await pod.ended;
  await scene.rkt(['status', '--wait=10s', 'web']);
  await scene.rkt(['export', 'web', scene.home.file('web.aci')]);
  assert.ok(existsSync(scene.home.file('web.aci')));
  assert.equal((await scene.rkt(['rm', 'web'])).stdout, `"${pod.uuid}"\n`);
  assert.deepEqual(names(scene), []);
  assert.match((await scene.rkt(['status', 'web'], { status: 254 })).output, /no matches found for "web"/);
});

test('--pod-name, a prepared pod, is run by its name', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare('--pod-name=batch', scene.aci, '--exec=/bin/echo', '--', 'done');
  const refused = await scene.insecure(['prepare', '--pod-name=batch', scene.aci], { status: 254 });
  const lines = [`prepare: pod name "batch" is taken by pod "${uuid}"`, 'it is prepared: choose another name, or end it first'];
  assert.ok(refused.stderr.endsWith(`${lines.join('\n')}\n`), refused.stderr);
  assert.match((await scene.rkt(['run-prepared', '--net=none', 'batch'])).stdout, /done/);
});

test('--pod-name, two at once, one runs and the other is told and leaves nothing', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  for (let round = 0; round < 3; round++) {
    const run = () => scene.insecure(['run', '--net=none', '--pod-name=one', scene.aci, '--exec=/bin/sleep', '--', '2'], any);
    const results = await Promise.all([run(), run(), run()]);
    assert.deepEqual(results.map(({ status }) => status).sort((a, b) => a - b), [0, 254, 254]);
    for (const { status, output } of results) if (status === 254) assert.match(output, /run: pod name "one" is taken by pod "[-0-9a-f]{36}"/);
    const { stdout } = await scene.rkt(['list', '--no-legend']);
    assert.equal(stdout.trim().split('\n').length, round + 1);
  }
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.deepEqual(names(scene), []);
});

test('--pod-name, a service whose supervisor is killed, starts again at once under its name', root, async () => {
  await using scene = openScene();
  const args = ['run', '--net=none', '--pod-name=service', scene.aci, ...loop];
  const first = await startRkt(scene, args);
  first.process.kill('SIGKILL');
  await first.ended;
  const second = await startRkt(scene, args);
  assert.equal((await scene.rkt(['cat-manifest', 'service'])).stdout, (await scene.rkt(['cat-manifest', second.uuid])).stdout);
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.deepEqual(names(scene), ['service']);
  assert.match((await scene.rkt(['status', 'service'])).stdout, /^state=running$/m);
});

test('--pod-name beside --pod-manifest, names the pod in place of the manifest; what is no name is refused', root, async () => {
  await using scene = openScene();
  const annotations = [{ name: 'coreos.com/rkt/pod-name', value: 'written' }];
  const manifest = await ownManifest(scene, [shellApp('true')], { annotations });
  await scene.insecure(['prepare', manifest]);
  await scene.insecure(['prepare', '--pod-name=given', manifest]);
  assert.deepEqual(names(scene).sort(), ['given', 'written']);
  const bad = await ownManifest(scene, [shellApp('true')], { annotations: [{ ...annotations[0], value: '../../x' }] });
  assert.match((await scene.insecure(['prepare', bad], { status: 254 })).output, /invalid pod name "..\/..\/x"/);
  assert.match((await scene.insecure(['prepare', '--pod-name=A.b', scene.aci], { status: 254 })).output, /--pod-name=A.b: invalid pod name/);
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim().split('\n').length, 2);
});
