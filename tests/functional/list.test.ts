import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openScene } from './scene.ts';

const root = needs('root');

test('list, no pods, prints the heading, and null as JSON', async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['list'])).stdout, /^UUID\s+APP\s+IMAGE NAME\s+STATE\s+CREATED\s+STARTED\s+NETWORKS\n$/);
  assert.equal((await scene.rkt(['list', '--format=json'])).stdout.trim(), 'null');
});

test('list, a prepared and an exited pod, gives a row of tab-separated columns for each', root, async () => {
  await using scene = openScene();
  const prepared = await scene.prepare(scene.aci);
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  const { stdout } = await scene.rkt(['list', '--full', '--no-legend']);
  const rows = stdout.trim().split('\n').map((line) => line.split(/\t+/));
  assert.deepEqual(rows.map((row) => row[4]).toSorted(), ['exited', 'prepared']);
  const row = rows.find(([uuid]) => uuid === prepared)!;
  assert.deepEqual(row.slice(1, 3), ['busybox', 'example.com/busybox:1.0']);
  assert.match(row[3]!, /^sha512-[0-9a-f]{12}$/);
  const json = JSON.parse((await scene.rkt(['list', '--format=json'])).stdout) as { name: string; state: string; app_names: string[]; created_at: number }[];
  const entry = json.find(({ name }) => name === prepared)!;
  assert.deepEqual([entry.state, entry.app_names], ['prepared', ['busybox']]);
  assert.ok(Math.abs(entry.created_at - Date.now() / 1000) < 60);
});

test('status, an exited pod, has times, pid and exit codes', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/false');
  await scene.rkt(['run-prepared', '--net=none', uuid], { status: 1 });
  const status = await scene.status(uuid);
  assert.equal(status['state'], 'exited');
  assert.equal(status['exited'], 'true');
  assert.equal(status['app-busybox'], '1');
  assert.match(status['pid']!, /^\d+$/);
  assert.ok(Date.parse(status['started']!.replace(/ \w+$/, '')) >= Date.parse(status['created']!.replace(/ \w+$/, '')));
});

test('status, a prefix of the UUID, is enough, and an unknown one is refused', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci);
  assert.equal((await scene.status(uuid.slice(0, 8)))['state'], 'prepared');
  const { output } = await scene.rkt(['status', 'deadbeef'], { status: 254 });
  assert.match(output, /status: problem retrieving pod: no matches found for "deadbeef"/);
});

test('annotations and labels, of the user and of rkt, are in the manifest, and those of the user in list and status', root, async () => {
  await using scene = openScene();
  const flags = ['--annotation=example.com/of-rkt=1', '--user-annotation=Of the user=2 and = more', '--user-label=tier=web'];
  const uuid = await scene.prepare(scene.aci, ...flags, '--exec=/bin/true');
  const [app] = (JSON.parse((await scene.rkt(['cat-manifest', uuid])).stdout) as { apps: [{ annotations: object[]; app: object }] }).apps;
  assert.deepEqual(app.annotations, [{ name: 'example.com/of-rkt', value: '1' }]);
  const ofUser = { user_annotations: { 'Of the user': '2 and = more' }, user_labels: { tier: 'web' } };
  const shown = JSON.parse((await scene.rkt(['status', '--format=json', uuid])).stdout) as { apps: [Record<string, unknown>] };
  const [listed] = JSON.parse((await scene.rkt(['list', '--format=json'])).stdout) as [typeof shown];
  for (const { apps: [view] } of [shown, listed]) {
    assert.deepEqual({ user_annotations: view['user_annotations'], user_labels: view['user_labels'] }, ofUser);
  }
});
