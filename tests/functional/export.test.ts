import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { diffTrees, listTree, needs } from '#tests/support';
import { openScene, UUID } from './scene.ts';

const CHANGE =
  'echo changed > /etc/changed; rm /etc/group; ln /bin/busybox /bin/again; mkdir -p /srv/deep; echo x > /srv/deep/file; chown 7:8 /srv; chmod 2750 /srv; rm -r /root; mkdir /root; printf x | dd of=/sparse bs=1 seek=50000000 2>/dev/null';

for (const overlay of [true, false]) {
  test(`export, an exited pod ${overlay ? 'with an overlay' : 'with copies'}, an image that runs with what was changed`, needs('root', 'tar'), async () => {
    await using scene = openScene();
    const { file } = scene.home;
    const flags = overlay ? [] : ['--no-overlay'];
    await scene.insecure(['run', `--uuid-file-save=${file('uuid')}`, ...flags, '--net=none', scene.aci, '--exec=/bin/sh', '--', '-c', CHANGE]);
    const uuid = UUID.exec(readFileSync(file('uuid'), 'utf8'))![0];
    await scene.rkt(['export', uuid, file('out.aci')]);
    assert.match((await scene.rkt(['export', uuid, file('out.aci')], { status: 254 })).stderr, /target file exists \(try --overwrite\)/);
    await scene.rkt(['export', '--overwrite', uuid, file('out.aci')]);
    const check = 'cat /etc/changed; test ! -e /etc/group && test ! -e /root/.x && stat -c "%a %u %g" /srv && cat /srv/deep/file && stat -c %h /bin/again && test $(stat -c %b /sparse) -lt 1000 && stat -c %s /sparse';
    const { stdout } = await scene.insecure(['run', '--net=none', file('out.aci'), '--exec=/bin/sh', '--', '-c', check]);
    assert.equal(stdout.replaceAll('\r', ''), 'changed\n2750 7 8\nx\n2\n50000001\n');
  });
}

test('export, several apps, needs --app and exports that one', needs('root'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const app = (name: string): string[] => [scene.aci, `--name=${name}`, '--exec=/bin/sh', '--', '-c', `echo ${name} > /who`, '---'];
  await scene.insecure(['run', `--uuid-file-save=${file('uuid')}`, '--net=none', ...app('one'), ...app('two')]);
  const uuid = UUID.exec(readFileSync(file('uuid'), 'utf8'))![0];
  assert.match((await scene.rkt(['export', uuid, file('x.aci')], { status: 254 })).stderr, /unable to find app[\s\S]*multiple apps:\n\tone\n\ttwo/);
  assert.match((await scene.rkt(['export', '--app=three', uuid, file('x.aci')], { status: 254 })).stderr, /app three is not present in pod/);
  await scene.rkt(['export', '--app=two', uuid, file('two.aci')]);
  assert.equal(execFileSync('tar', ['-xzOf', file('two.aci'), 'rootfs/who'], { encoding: 'utf8' }), 'two\n');
});

test('export, what cannot be exported, is refused and leaves nothing', needs('root'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const uuid = await scene.prepare(scene.aci);
  assert.match((await scene.rkt(['export', uuid, file('x.aci')], { status: 254 })).stderr, /pod is not exited\. Only exited pods can be exported/);
  assert.match((await scene.rkt(['export', uuid, file('x.tar')], { status: 254 })).stderr, /extension must be \.aci/);
  assert.match((await scene.rkt(['export', '00000000', file('x.aci')], { status: 254 })).stderr, /problem retrieving pod/);
  assert.ok(!existsSync(file('x.aci')));
});

test('image export, an ACI, byte for byte what was imported', needs('root', 'gzip'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const packed = scene.makeAci('packed.aci', { name: 'example.com/packed' });
  const plain = execFileSync('sh', ['-c', 'gzip -dc < "$0" 2>/dev/null || cat "$0"', packed], { maxBuffer: 1 << 27 });
  await scene.insecure(['fetch', packed]);
  await scene.rkt(['image', 'export', 'example.com/packed', file('out.aci')]);
  assert.ok(readFileSync(file('out.aci')).equals(plain));
  assert.match((await scene.rkt(['image', 'export', 'example.com/packed', file('out.aci')], { status: 254 })).stderr, /output ACI file exists \(try --overwrite\)/);
  writeFileSync(file('out.aci'), 'old');
  await scene.rkt(['image', 'export', '--overwrite', 'example.com/packed', file('out.aci')]);
  assert.ok(readFileSync(file('out.aci')).equals(plain));
  assert.equal(statSync(file('out.aci')).mode & 0o777, 0o644);
});

test('image export, extract and render, unknown and malformed names, 254 and nothing made', needs('root'), async () => {
  await using scene = openScene();
  for (const verb of ['export', 'extract', 'render']) {
    for (const image of ['sha512-not-existed', 'example.com/nothing', 'Bad Name']) {
      await scene.rkt(['image', verb, image, scene.home.file('out')], { status: 254 });
      assert.ok(!existsSync(scene.home.file('out')));
    }
    await scene.rkt(['image', verb, 'one'], { status: 254 });
  }
});

test('image extract and render, an image with a dependency, extract leaves that out', needs('root'), async () => {
  await using scene = openScene();
  const { file } = scene.home;
  const top = scene.makeAci('top.aci', {
    name: 'example.com/top',
    files: { '/top': 'top' },
    manifest: { dependencies: [{ imageName: 'example.com/busybox' }] },
  });
  await scene.insecure(['fetch', scene.makeAci('base.aci', { files: { '/base': 'base' } }), top]);
  await scene.rkt(['image', 'extract', 'example.com/top', file('extracted')]);
  assert.equal(readFileSync(file('extracted/rootfs/top'), 'utf8'), 'top');
  assert.ok(!existsSync(file('extracted/rootfs/base')));
  await scene.rkt(['image', 'render', 'example.com/top', file('rendered')]);
  assert.equal(readFileSync(file('rendered/rootfs/base'), 'utf8'), 'base');
  const manifest = (await scene.rkt(['image', 'cat-manifest', '--pretty-print=false', 'example.com/top'])).stdout.trim();
  for (const made of ['extracted', 'rendered']) assert.equal(readFileSync(file(`${made}/manifest`), 'utf8').trim(), manifest);
  for (const verb of ['extract', 'render']) {
    assert.match((await scene.rkt(['image', verb, 'example.com/top', file('rendered')], { status: 254 })).stderr, /output directory exists \(try --overwrite\)/);
    mkdirSync(file(`${verb}-old/old`), { recursive: true });
    await scene.rkt(['image', verb, '--overwrite', '--rootfs-only', 'example.com/top', file(`${verb}-old`)]);
    assert.equal(readFileSync(file(`${verb}-old/top`), 'utf8'), 'top');
    assert.ok(!existsSync(file(`${verb}-old/old`)) && !existsSync(file(`${verb}-old/manifest`)));
    assert.match((await scene.rkt(['image', verb, '--overwrite', 'example.com/top', scene.home.path], { status: 254 })).stderr, /will not be removed/);
  }
  assert.deepEqual(diffTrees(listTree(file('rendered/rootfs')), listTree(file('render-old'))), []);
});
