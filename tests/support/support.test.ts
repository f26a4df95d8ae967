import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findLeaks, makeBusyboxAci, makeKey, makeOciLayout, makeRootfs, needs, run, startRegistry } from './index.ts';

const work = mkdtempSync(join(tmpdir(), 'rkt-support-'));
after(() => rmSync(work, { recursive: true }));
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

test('makeBusyboxAci, twice with the same options, gives the same bytes', needs('busybox', 'tar'), () => {
  const [a, b] = ['a.aci', 'b.aci'].map((name) => makeBusyboxAci(join(work, name), { files: { '/etc/motd': 'hello\n' } }));
  assert.equal(sha256(a!), sha256(b!));
  const manifest = JSON.parse(execFileSync('tar', ['xOf', a!, 'manifest'], { encoding: 'utf8' })) as { name: string };
  assert.equal(manifest.name, 'example.com/busybox');
  assert.equal(execFileSync('tar', ['xOf', a!, 'rootfs/etc/motd'], { encoding: 'utf8' }), 'hello\n');
});

test('makeKey, a signed file, is accepted by gpgv and refused after a change', needs('gpg', 'gpgv'), async () => {
  using key = makeKey();
  assert.match(key.fingerprint, /^[0-9a-f]{40}$/);
  const file = makeBusyboxAci(join(work, 'signed.aci'));
  const signature = key.sign(file);
  const ring = join(work, 'ring.gpg');
  execFileSync('gpg', ['--dearmor', '--yes', '--output', ring, key.publicKeyFile], { stdio: 'ignore' });
  assert.equal((await run('gpgv', ['--keyring', ring, signature, file])).status, 0);
  assert.notEqual((await run('gpgv', ['--keyring', ring, signature, ring])).status, 0);
});

for (const compression of ['gzip', 'zstd'] as const) {
  test(`startRegistry, a pushed ${compression} image, is read back with its digest`, needs('docker-registry', 'skopeo'), async () => {
    const rootfs = join(work, `${compression}-rootfs`);
    mkdirSync(rootfs);
    makeRootfs(rootfs);
    const layout = join(work, `${compression}-layout`);
    const { digest } = makeOciLayout(layout, { layers: [{ directory: rootfs, compression }], config: { Cmd: ['/bin/true'] } });
    await using registry = await startRegistry();
    const image = await registry.push(layout, 'test/busybox', '1.0');
    const response = await fetch(`http://${registry.address}/v2/test/busybox/manifests/1.0`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    assert.equal(response.headers.get('docker-content-digest'), digest);
    assert.equal(image, `${registry.address}/test/busybox:1.0`);
  });
}

test('findLeaks, a mount and a process in a directory, names both', needs('root', 'mount'), async () => {
  const directory = join(work, 'leaky');
  mkdirSync(join(directory, 'mnt'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'none', join(directory, 'mnt')]);
  try {
    assert.match(findLeaks(directory).join('\n'), /mount .*\/leaky\/mnt/);
  } finally {
    execFileSync('umount', [join(directory, 'mnt')]);
  }
  assert.deepEqual(findLeaks(directory), []);
});

test('run, a program that does not end, is killed and reported with its output', async () => {
  await assert.rejects(run('sh', ['-c', 'echo started; sleep 60'], { timeout: 300 }), /not done after 300 ms\nstarted/);
});
