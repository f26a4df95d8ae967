import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openScene } from './scene.ts';

test('image list, an empty store, prints the heading only', async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['image', 'list'])).stdout, /^ID\s+NAME\s+SIZE\s+IMPORT TIME\s+LAST USED\n$/);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
});

test('image list, two images, gives columns, fields and JSON', needs('root'), async () => {
  await using scene = openScene();
  const other = scene.makeAci('other.aci', { name: 'example.com/other', version: '2.0' });
  await scene.insecure(['fetch', scene.aci, other]);
  const { stdout } = await scene.rkt(['image', 'list', '--no-legend']);
  assert.match(stdout, /^sha512-[0-9a-f]{12}\t+example\.com\/busybox:1\.0\t+[\d.]+[KM]iB\t+.+\t+.+$/m);
  const ids = (await scene.rkt(['image', 'list', '--fields=id', '--no-legend'])).stdout;
  assert.match(ids, /^(sha512-[0-9a-f]{12}\n)+$/);
  const json = JSON.parse((await scene.rkt(['image', 'list', '--format=json'])).stdout) as { id: string; name: string; size: number }[];
  const names = json.map(({ name }) => name);
  assert.ok(names.includes('example.com/busybox:1.0') && names.includes('example.com/other:2.0'));
  assert.match(json[0]!.id, /^sha512-[0-9a-f]{64}$/);
});

test('image cat-manifest, by name and by ID, gives the manifest as it was imported', needs('root'), async () => {
  await using scene = openScene();
  const id = (await scene.insecure(['fetch', scene.aci])).stdout.trim();
  const text = (await scene.rkt(['image', 'cat-manifest', '--pretty-print=false', id])).stdout;
  assert.equal(text, (await scene.rkt(['image', 'cat-manifest', '--pretty-print=false', 'example.com/busybox'])).stdout);
  assert.match(text, /^\{"acKind":"ImageManifest","acVersion":"0\.8\.11","name":"example\.com\/busybox","labels":\[.*\}\n$/);
});

test('image cat-manifest, a bad ID, is refused with the reason', async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['image', 'cat-manifest', 'sha512-1'], { status: 254 })).output, /cat-manifest: image ID too short/);
  await scene.rkt(['image', 'cat-manifest', 'example.com/nothing'], { status: 254 });
});

test('image rm, the same image by name and by ID, removes it once', needs('root'), async () => {
  await using scene = openScene();
  const id = (await scene.insecure(['fetch', '--full', scene.aci])).stdout.trim();
  const { output } = await scene.rkt(['image', 'rm', 'example.com/busybox', id]);
  assert.match(output, new RegExp(`successfully removed aci for image: "${id}"`));
  assert.match(output, /rm: 1 image\(s\) successfully removed/);
  assert.match((await scene.rkt(['image', 'rm', id], { status: 'any' })).output, /no image IDs found/);
});
