import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCosignKey, makeKey, makeOciLayout, makeRootfs, needs, pushCosignSignature, rktProgram, startRegistry } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

async function signedScene(): Promise<{ scene: Scene; key: ReturnType<typeof makeKey>; trust: () => Promise<string> }> {
  const scene = openScene();
  const key = makeKey();
  key.sign(scene.aci);
  const trust = async () =>
    (await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/busybox', key.publicKeyFile])).stdout;
  await trust();
  return { scene, key, trust };
}

test('trust --list and --remove, a key, shown until it is removed', needs('root', 'gpg'), async () => {
  const { key, scene } = await signedScene();
  await using _scene = scene;
  using _key = key;
  const { stdout } = await scene.rkt(['trust', '--list']);
  assert.match(stdout, /^PREFIX\s+KIND\s+FINGERPRINT\s+SIGNER\s+WHERE\s+STATE\n/);
  assert.match(stdout, new RegExp(`^example\\.com/busybox\\s+pgp\\s+${key.fingerprint}\\s+Test Key <test@example\\.com>\\s+local\\s+trusted$`, 'm'));
  const [entry] = JSON.parse((await scene.rkt(['trust', '--list', '--format=json'])).stdout) as { path: string; prefix: string }[];
  assert.equal(entry!.prefix, 'example.com/busybox');
  const removed = await scene.rkt(['trust', '--remove', key.fingerprint, '--prefix=example.com/busybox']);
  assert.equal(removed.stdout, `Removed key for prefix "example.com/busybox" at "${entry!.path}"\n`);
  assert.ok(!existsSync(entry!.path));
  assert.match((await scene.rkt(['trust', '--remove', key.fingerprint])).stdout, /is not trusted: nothing to remove/);
  await scene.rkt(['trust', '--remove', 'abc'], { status: 254 });
});

test('run, an image whose key was removed, refused; with insecure image it runs', needs('root', 'gpg', 'crun'), async () => {
  const { key, scene, trust } = await signedScene();
  await using _scene = scene;
  using _key = key;
  const id = (await scene.rkt(['fetch', '--full', scene.aci])).stdout.trim();
  const run = ['run', '--net=none', id, '--exec=/bin/echo', '--', 'runs'];
  assert.match((await scene.rkt(run)).output, /runs/);
  const uuid = (await scene.rkt(['prepare', id, '--exec=/bin/true'])).stdout.trim();
  await scene.rkt(['trust', '--remove', key.fingerprint]);
  for (const words of [run, ['prepare', id], ['run-prepared', uuid], ['image', 'verify', id]]) {
    const { output } = await scene.rkt(words, { status: 254 });
    assert.match(output, new RegExp(`image "example.com/busybox" \\(${id}\\) may not run: the key ${key.fingerprint}, by which it was verified, is no longer trusted`));
  }
  assert.match((await scene.insecure(run)).output, /runs/);
  await trust();
  await scene.rkt(['run-prepared', '--net=none', uuid]);
});

test('run, an image that was never verified, only warned of unless the configuration requires evidence', needs('root', 'crun'), async () => {
  await using scene = openScene();
  const id = (await scene.insecure(['fetch', '--full', scene.aci])).stdout.trim();
  const run = ['run', '--net=none', id, '--exec=/bin/true'];
  assert.doesNotMatch((await scene.rkt(run)).output, /without verification/);
  assert.match((await scene.rkt(['--debug', ...run])).output, new RegExp(`warning: image ${id} was fetched without verification`));
  mkdirSync(join(scene.home.localConfig, 'trust.d'));
  writeFileSync(join(scene.home.localConfig, 'trust.d/strict.json'), '{"rktKind":"trust","rktVersion":"v1","requireEvidence":true}');
  assert.match((await scene.rkt(run, { status: 254 })).output, /was never verified, and the configuration requires it/);
  const uuid = (await scene.insecure(['prepare', id, '--exec=/bin/true'])).stdout.trim();
  await scene.rkt(['run-prepared', '--net=none', uuid]);
});

test('image list and verify, a signed image, say by whom, by which key, when and over what', needs('root', 'gpg'), async () => {
  const { key, scene } = await signedScene();
  await using _scene = scene;
  using _key = key;
  const id = (await scene.rkt(['fetch', '--full', scene.aci])).stdout.trim();
  const [image] = JSON.parse((await scene.rkt(['image', 'list', '--format=json'])).stdout) as [Record<string, any>];
  assert.equal(image['verified'], true);
  assert.equal(image['signatures'][0].fingerprint, key.fingerprint);
  assert.equal(image['signatures'][0].over, id);
  assert.match((await scene.rkt(['image', 'list', '--fields=name,signedby', '--no-legend'])).stdout, /busybox:1\.0\t+pgp:[0-9a-f]{12}\n/);
  const said = `pgp:${key.fingerprint} Test Key <test@example\\.com> at ${image['signatures'][0].time} over ${id}`;
  assert.match((await scene.rkt(['image', 'list', '--full', '--no-legend'])).stdout, new RegExp(`^${id}\t+example\\.com/busybox:1\\.0\t+\\d+\t+[^\t]+\t+[^\t]+\t+${said}$`, 'm'));
  assert.match((await scene.rkt(['image', 'verify', id])).stdout, new RegExp(`^successfully verified checksum for image: .*\n\tsigned by ${said}\n$`));
});

test('image verify, a file in the rendered tree changed, unpacked anew and good again', needs('root', 'crun'), async () => {
  await using scene = openScene();
  const id = (await scene.insecure(['fetch', '--full', scene.aci])).stdout.trim();
  const good = `successfully verified checksum for image: "${id}" ("${id}")\n`;
  assert.equal((await scene.rkt(['image', 'verify', id])).stdout, good);
  const tree = execFileSync('find', [join(scene.home.dataDir, 'cas/tree'), '-name', 'passwd', '-o', '-name', 'busybox'], { encoding: 'utf8' }).split('\n')[0]!;
  appendFileSync(tree, 'evil');
  await scene.insecure(['prepare', '--verify-content', id, '--exec=/bin/true'], { status: 254 });
  assert.match((await scene.rkt(['image', 'verify', id])).stdout, new RegExp(`^tree cache verification failed for image ${id}: .*;  rebuilding\\.\\.\\.\n$`));
  assert.equal((await scene.rkt(['image', 'verify', id])).stdout, good);
  await scene.insecure(['prepare', '--verify-content', id, '--exec=/bin/true']);
});

test('image verify, no argument or an archive that changed, fails', needs('root'), async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['image', 'verify'], { status: 254 })).output, /must provide at least one image ID/);
  const id = (await scene.insecure(['fetch', '--full', scene.aci])).stdout.trim();
  appendFileSync(join(scene.home.dataDir, `cas/blob/sha512/${id.slice(7, 9)}/${id}`), 'evil');
  assert.match((await scene.rkt(['image', 'verify', id], { status: 254 })).output, /is damaged: its content does not have that ID/);
});

test('fetch, docker:// signed as cosign does, by a key that is trusted by its PEM file', needs('root', 'docker-registry', 'skopeo', 'crun'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const rootfs = scene.home.file('rootfs');
  mkdirSync(rootfs);
  makeRootfs(rootfs);
  const layout = scene.home.file('layout');
  const { digest } = makeOciLayout(layout, { layers: [{ directory: rootfs }], config: { Cmd: ['/bin/echo', 'signed'], Env: ['PATH=/bin'] } });
  const image = `docker://${await registry.push(layout, 'test/signed')}`;
  const key = makeCosignKey(scene.home.path);
  const prefix = registry.address.replace(':', '_');
  const fetch = ['--insecure-options=http', 'fetch', '--full', image];
  assert.match((await scene.rkt(fetch, { status: 254 })).output, new RegExp(`image "${prefix}/test/signed" \\(${digest}\\) has no signature`));
  await pushCosignSignature(registry, { repository: 'test/signed', digest }, key, scene.home.file('signatures'));
  assert.match((await scene.rkt(fetch, { status: 254 })).output, new RegExp(`rkt trust --prefix "${prefix}/test/signed" PUBKEY`));
  await scene.rkt(['trust', `--prefix=${prefix}`, '--skip-fingerprint-review', key.publicKey]);
  const fetched = await scene.rkt(fetch);
  assert.match(fetched.output, /image: signature verified:\n  ECDSA P-256 [0-9a-f]{64}/);
  const id = fetched.stdout.trim();
  assert.match((await scene.rkt(['run', '--net=none', id])).output, /signed/);
  assert.match((await scene.rkt(['image', 'verify', id])).stdout, /^recorded checksums for image/);
  assert.match((await scene.rkt(['image', 'verify', id])).stdout, /^successfully verified checksum for image/);
  const file = execFileSync('find', [join(scene.home.dataDir, 'cas/layer'), '-name', 'busybox'], { encoding: 'utf8' }).split('\n')[0]!;
  appendFileSync(file, 'evil');
  assert.match((await scene.rkt(['image', 'verify', id], { status: 254 })).output, /layer sha256:[0-9a-f]{64} has the hash/);
});

test('fetch, oci: and oci-archive: to which skopeo copied an image and its signature, verified as the image of the registry', needs('root', 'docker-registry', 'skopeo', 'crun'), async () => {
  await using scene = openScene();
  await using registry = await startRegistry();
  const { file } = scene.home;
  makeRootfs(file('rootfs'));
  const { digest } = makeOciLayout(file('layout'), { layers: [{ directory: file('rootfs') }], config: { Cmd: ['/bin/echo', 'signed'], Env: ['PATH=/bin'] } });
  const image = await registry.push(file('layout'), 'test/signed', '1');
  const key = makeCosignKey(scene.home.path);
  await pushCosignSignature(registry, { repository: 'test/signed', digest }, key, file('signatures'));
  const copy = (source: string, target: string) =>
    execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', '--preserve-digests', `docker://${source}`, target]);
  const signatures = image.replace(/:1$/, `:${digest.replace(':', '-')}.sig`);
  copy(image, `oci:${file('copy')}:${image}`);
  assert.match((await scene.rkt(['fetch', `oci:${file('copy')}`], { status: 254 })).output, /has no signature/);
  copy(signatures, `oci:${file('copy')}:${signatures}`);
  const { output } = await scene.rkt(['fetch', `oci:${file('copy')}`], { status: 254 });
  const name = image.replace(':', '_').replace(/:1$/, '');
  assert.match(output, new RegExp(`image "${name}" \\(${digest}\\) has 1 signature, and no cosign key or identity is trusted`));
  await scene.rkt(['trust', `--prefix=${name}`, '--skip-fingerprint-review', key.publicKey]);
  const id = (await scene.rkt(['fetch', '--full', `oci:${file('copy')}`])).stdout.trim();
  assert.match((await scene.rkt(['run', '--net=none', id])).output, /signed/);
  execFileSync('tar', ['-C', file('copy'), '-czf', file('copy.tar.gz'), '.']);
  assert.equal((await scene.rkt(['fetch', '--full', `oci-archive:${file('copy.tar.gz')}`])).stdout.trim(), id);
  assert.equal((await scene.rkt(['--insecure-options=http', 'fetch', '--full', `docker://${image}`])).stdout.trim(), id);
});

test('fetch of a docker archive or an ACI on standard input, says that it cannot carry a signature', needs('root', 'gpg'), async () => {
  const { key, scene } = await signedScene();
  await using _scene = scene;
  using _key = key;
  const { file } = scene.home;
  writeFileSync(file('saved.tar'), '');
  assert.match((await scene.rkt(['fetch', `docker-archive:${file('saved.tar')}`], { status: 254 })).output, /saved\.tar: a docker archive cannot carry signatures/);
  const fetch = (...args: string[]) => execFileSync('sh', ['-c', '"$@" <"$0" 2>&1 || true', scene.aci, rktProgram(), ...scene.home.flags, 'fetch', '--full', '-', ...args]).toString();
  assert.match(fetch(), /an ACI that comes this way cannot carry a signature/);
  assert.match(fetch(`--signature=${scene.aci}.asc`), /^sha512-[0-9a-f]{64}$/m);
});
