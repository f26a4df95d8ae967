/** Unpacked images on a file system with fs-verity: the kernel checks each read, and what it checks by is compared. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, makeOciLayout, makeRootfs, openHome } from '#tests/support';
import { needsVm, openVm, openVmRkt, type Vm, type VmRkt } from './index.ts';

const machine = needsVm();

describe('a store on ext4 with fs-verity', { skip: machine.skip, timeout: 900_000 }, () => {
  let home: Home;
  let vm: Vm;
  let rkt: VmRkt;

  before(async () => {
    home = openHome();
    makeBusyboxAci(home.file('busybox.aci'));
    makeRootfs(home.file('rootfs'), { '/data': 'of the layer '.repeat(1000) });
    makeOciLayout(home.file('layout'), { layers: [{ directory: home.file('rootfs') }], config: { Cmd: ['/bin/cat', '/data'], Env: ['PATH=/bin'] } });
    vm = await openVm();
    await vm.run('tune2fs -O verity /dev/vda && mount -t cgroup2 none /sys/fs/cgroup');
    rkt = await openVmRkt(vm);
  });
  after(async () => {
    await vm?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const stdout = async (script: string): Promise<string> => (await vm.run(script)).stdout.trim();
  const fetch = async (source: string): Promise<string> => (await rkt.run(['fetch', '--full', source])).stdout.trim();

  test('fetch, a layered image, its files are sealed, it runs, and the first verification compares already', async () => {
    const id = await fetch(`oci:${home.file('layout')}`);
    assert.match(await stdout('ls /data/rkt/cas/layer/*/sealed'), /sealed$/);
    assert.match(await stdout('lsattr /data/rkt/cas/layer/*/diff/data'), /^\S*V\S* /);
    assert.match((await rkt.run(['image', 'verify', id])).stdout, /^successfully verified checksum for image/);
    assert.match((await rkt.run(['run', '--net=none', '--verify-content', id])).stdout, /of the layer/);
  });

  test('a sealed file, cannot be written to', async () => {
    const { status } = await vm.run('echo evil >>"$(echo /data/rkt/cas/layer/*/diff/data)"', { status: 'any' });
    assert.notEqual(status, 0);
  });

  test('a sealed file that is altered on the disk below, gives an error to who reads it', async () => {
    const id = await fetch(`oci:${home.file('layout')}`);
    const damage = `
      file=$(echo /data/rkt/cas/layer/*/diff/data)
      sync
      block=$(debugfs -R "blocks \${file#/data}" /dev/vda 2>/dev/null | cut -d' ' -f1)
      printf EVIL | dd of=/dev/vda bs=1 seek=$((block * 4096)) conv=notrunc,fsync
      echo 3 >/proc/sys/vm/drop_caches
      cat "$file"`;
    const { status, stderr, stdout: read } = await vm.run(damage, { status: 'any' });
    assert.notEqual(status, 0, read);
    assert.match(stderr, /Input\/output error|I\/O error/);
    assert.doesNotMatch(read, /EVIL/);
    await rkt.run(['run', '--net=none', id], 1);
    await rkt.run(['gc', '--grace-period=0s']);
    await rkt.run(['image', 'rm', id]);
    await rkt.run(['image', 'gc', '--grace-period=0s']);
  });

  test('a sealed file that another was put in place of, is found without reading', async () => {
    const id = await fetch(`oci:${home.file('layout')}`);
    const swap = (after: string): string => `
      for file in /data/rkt/cas/layer/*/diff/data; do
        cp -a "$file" /data/copy; ${after}; touch -r "$file" /data/copy; mv /data/copy "$file"
      done`;
    await vm.run(swap('sed -i s/layer/lawyer/ /data/copy'));
    assert.match((await rkt.run(['image', 'verify', id], 254)).stderr, /layer sha256:[0-9a-f]{64} has the hash/);
    await rkt.run(['prepare', '--verify-content', id], 254);
  });

  test('fetch, an ACI, sealed when it is rendered; changed, rendered anew and sealed again', async () => {
    const id = await fetch(home.file('busybox.aci'));
    await rkt.run(['prepare', id, '--exec=/bin/true']);
    const tree = await stdout('ls -d /data/rkt/cas/tree/*/rootfs/etc/passwd | head -n1');
    assert.match(await stdout(`lsattr ${tree}`), /^\S*V\S* /);
    const good = /^successfully verified checksum for image/;
    assert.match((await rkt.run(['image', 'verify', id])).stdout, good);
    await vm.run(`cp -a ${tree} /data/copy && echo evil >>/data/copy && touch -r ${tree} /data/copy && mv /data/copy ${tree}`);
    assert.match((await rkt.run(['image', 'verify', id])).stdout, /^tree cache verification failed for image/);
    assert.match((await rkt.run(['image', 'verify', id])).stdout, good);
    assert.match(await stdout(`lsattr ${tree}`), /^\S*V\S* /);
  });
});
