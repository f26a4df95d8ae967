import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeKey, makeOciLayout, makeRootfs, needs, startRegistry } from '#tests/support';
import { openScene } from './scene.ts';

test('fetch, an unsigned file, is refused', needs('root'), async () => {
  await using scene = openScene();
  const { output, stdout } = await scene.rkt(['fetch', scene.aci], { status: 254 });
  assert.match(output, /fetch: .*busybox\.aci\.asc: no such file or directory/);
  assert.equal(stdout, '');
});

test('fetch, an unsigned file with insecure image, prints the image ID and nothing else on stdout', needs('root'), async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['fetch', scene.aci]);
  assert.match(stdout, /^sha512-[0-9a-f]{32}\n$/);
  const full = await scene.insecure(['fetch', '--full', scene.aci]);
  assert.match(full.stdout, /^sha512-[0-9a-f]{64}\n$/);
  assert.ok(full.stdout.startsWith(stdout.trim()));
});

test('fetch, a signed file, needs the key to be trusted for the name', needs('root', 'gpg'), async () => {
  await using scene = openScene();
  using key = makeKey();
  key.sign(scene.aci);
  assert.match((await scene.rkt(['fetch', scene.aci], { status: 254 })).output, /openpgp: signature made by unknown entity/);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/other', key.publicKeyFile]);
  await scene.rkt(['fetch', scene.aci], { status: 254 });
  const trusted = await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/busybox', key.publicKeyFile]);
  assert.match(trusted.output, /Added key for prefix "example\.com\/busybox" at/);
  assert.match((await scene.rkt(['fetch', scene.aci])).stdout, /^sha512-/);
});

test('fetch, a file changed after signing, is refused though the key is trusted', needs('root', 'gpg'), async () => {
  await using scene = openScene();
  using key = makeKey();
  key.sign(scene.aci);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--root', key.publicKeyFile]);
  scene.makeAci('busybox.aci', { files: { '/etc/evil': 'evil' } });
  await scene.rkt(['fetch', scene.aci], { status: 254 });
  assert.equal((await scene.rkt(['image', 'list', '--no-legend', '--fields=name'])).stdout.includes('busybox'), false);
});

test('fetch, what is no image, is refused', needs('root'), async () => {
  await using scene = openScene();
  writeFileSync(scene.home.file('text.aci'), 'this is no tar');
  await scene.insecure(['fetch', scene.home.file('text.aci')], { status: 254 });
});

for (const compression of ['gzip', 'zstd'] as const) {
  test(`fetch, a ${compression} image of a registry, gives an ID that can be run`, needs('root', 'docker-registry', 'skopeo'), async () => {
    await using scene = openScene();
    await using registry = await startRegistry();
    const rootfs = scene.home.file('rootfs');
    mkdirSync(rootfs);
    makeRootfs(rootfs);
    const layout = scene.home.file('layout');
    makeOciLayout(layout, { layers: [{ directory: rootfs, compression }], config: { Cmd: ['/bin/echo', 'from a registry'], Env: ['PATH=/bin'] } });
    const image = await registry.push(layout, 'test/echo');
    assert.notEqual((await scene.rkt(['fetch', `docker://${image}`], { status: 254 })).output, '');
    const { stdout } = await scene.rkt(['--insecure-options=image,http', 'fetch', `docker://${image}`]);
    const run = await scene.insecure(['run', '--net=none', stdout.trim()]);
    assert.match(run.stdout, /from a registry/);
  });
}

test('fetch and run, a file without os or arch, or of another system, are refused', needs('root'), async () => {
  await using scene = openScene();
  const label = (name: string, value: string): { name: string; value: string } => ({ name, value });
  const os = label('os', 'linux');
  const arch = label('arch', process.arch === 'arm64' ? 'aarch64' : 'amd64');
  const cases: readonly (readonly [{ name: string; value: string }[], RegExp])[] = [
    [[arch], /missing os label in the image manifest/],
    [[os], /missing arch label in the image manifest/],
    [[label('os', 'freebsd'), arch], /bad os "freebsd"/],
    [[os, label('arch', 'armv5l')], /bad arch "armv5l"/],
  ];
  for (const [index, [labels, message]] of cases.entries()) {
    const aci = scene.makeAci(`labels${index}.aci`, { labels });
    assert.match((await scene.insecure(['run', '--net=none', aci, '--exec=/bin/true'], { status: 254 })).output, message);
  }
});

test('fetch, a file that is not there or has no signature, says so in the words of rkt', needs('root'), async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['fetch', '/nowhere/image.aci'], { status: 254 })).output, /^fetch: open \/nowhere\/image\.aci\.asc: no such file or directory$/m);
  assert.match((await scene.insecure(['fetch', '/nowhere/image.aci'], { status: 254 })).output, /^fetch: open \/nowhere\/image\.aci: no such file or directory$/m);
  assert.match((await scene.rkt(['--debug', 'fetch', scene.aci], { status: 254 })).output, /image: error opening signature file/);
});

test('fetch, --no-store and --store-only, mean what they meant and say what to write', needs('root'), async () => {
  await using scene = openScene();
  const said = await scene.insecure(['fetch', '--no-store', scene.aci]);
  assert.match(said.stderr, /^Flag --no-store has been deprecated, please use --pull-policy=update$/m);
  const { stderr } = await scene.rkt(['fetch', '--store-only', 'docker://example.com/none'], { status: 254 });
  assert.match(stderr, /^Flag --store-only has been deprecated, please use --pull-policy=never$/m);
  assert.match(stderr, /unable to fetch docker image from URL "docker:\/\/example\.com\/none"/);
});
