/** The stage1 that isolates nothing but files, which comes with rkt too. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { mount, unmountAll } from '#sys';
import { makeRootfs, needs, rktProgram } from '#tests/support';
import { writeAci } from '../../scripts/write-aci.ts';
import { openScene } from '../functional/scene.ts';
import { contract } from './contract.ts';
import { startPod } from './pod.ts';

// Where the program is its sources, the executables of the image look for rkt there.
process.env['PATH'] = `${dirname(rktProgram())}:${process.env['PATH']}`;

const root = needs('root');
const FLY = '--stage1-name=coreos.com/rkt/stage1-fly';

contract({ name: 'fly', ...root, choose: () => [FLY], tellsExits: false, severalApps: false, mutable: false });

test('stage1 fly, an app, is the process itself, with all of the host but its files', root, async () => {
  await using scene = openScene();
  const script = 'for ns in pid net ipc uts user cgroup; do readlink /proc/self/ns/$ns; done; grep CapEff /proc/self/status; hostname; ls /; [ -c /dev/null ] && [ -d /sys/kernel ] && echo up; while :; do sleep 1; done';
  const pod = await startPod(scene, ['run', FLY, scene.aci, '--exec=/bin/sh', '--', '-c', script]);
  for (const name of ['pid', 'net', 'ipc', 'uts', 'user', 'cgroup']) assert.ok(pod.output.stdout.includes(readlinkSync(`/proc/self/ns/${name}`)), name);
  assert.ok(pod.output.stdout.includes(/CapEff:.*/.exec(readFileSync('/proc/self/status', 'utf8'))![0]));
  assert.equal(readFileSync(join(pod.directory, 'pid'), 'utf8'), String(pod.pid));
  assert.match(readFileSync(join(pod.directory, 'pgid'), 'utf8'), /^\d+$/);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(pod.directory));
  assert.equal((await scene.rkt(['enter', pod.uuid, 'readlink', '/proc/self/root'])).stdout.trim() === '', false);
  await scene.rkt(['stop', pod.uuid]);
  await pod.ended;
});

test('stage1 fly, a user, volumes, files of names and a root that is read-only, are as asked for', root, async () => {
  await using scene = openScene();
  const host = scene.home.file('host');
  mkdirSync(join(host, 'inner'), { recursive: true });
  writeFileSync(join(host, 'file'), 'of the host\n');
  mount({ source: 'inner', target: join(host, 'inner'), type: 'tmpfs' });
  using mounted = new DisposableStack();
  mounted.defer(() => unmountAll(join(host, 'inner')));
  const script = 'id -u; id -g; cat /data/file; touch /data/x /data/inner/x /y 2>&1; cat /etc/resolv.conf /etc/hosts | grep -E "9.9.9.9|db"; touch /tmp/ok && echo written; grep CapEff /proc/self/status';
  const volume = [`--volume=data,kind=host,source=${host},readOnly=true`, '--mount=volume=data,target=/data'];
  const { stdout } = await scene.insecure(['run', FLY, '--dns=9.9.9.9', '--hosts-entry=10.0.0.1=db', ...volume, scene.aci, '--user=1000', '--group=1001', '--readonly-rootfs=true', '--exec=/bin/sh', '--', '-c', script]);
  assert.equal(stdout, [
    '1000', '1001', 'of the host', 'touch: /data/x: Read-only file system', 'touch: /data/inner/x: Read-only file system', 'touch: /y: Read-only file system', 'nameserver 9.9.9.9', '10.0.0.1 db', 'written', 'CapEff:\t0000000000000000', '',
  ].join('\n'));
});

test('stage1 fly, links of an image at /proc and /etc, lead nowhere outside of it', root, async (t) => {
  await using scene = openScene();
  // Not below /tmp, which is another one in the app.
  const outside = mkdtempSync('/var/tmp/rkt-outside-');
  t.after(() => rmSync(outside, { recursive: true }));
  const image = scene.home.file('links.aci');
  const rootfs = scene.home.file('rootfs');
  makeRootfs(rootfs);
  for (const name of ['proc', 'etc']) {
    rmSync(join(rootfs, name), { recursive: true });
    symlinkSync(join(outside, name), join(rootfs, name));
  }
  const labels = [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }];
  writeAci(image, { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/links', labels, app: { exec: ['/bin/sh', '-c', 'ls -d /proc/self'], user: '0', group: '0' } }, rootfs);
  assert.equal((await scene.insecure(['run', FLY, '--dns=9.9.9.9', image])).stdout, '/proc/self\n');
  assert.deepEqual(readdirSync(outside), []);
});

test('stage1 fly, what it cannot, is refused or told', root, async () => {
  await using scene = openScene({ app: { ports: [{ name: 'web', protocol: 'tcp', port: 80 }] } });
  const several = await scene.insecure(['run', FLY, scene.aci, '--name=one', '---', scene.aci, '--name=two'], { status: 254 });
  assert.match(several.stderr, /fly only supports 1 application per Pod for now/);
  const users = await scene.insecure(['run', FLY, '--private-users', '--no-overlay', scene.aci], { status: 254 });
  assert.match(users.stderr, /fly has no user namespaces/);
  const { stderr } = await scene.insecure(['run', FLY, '--port=web:8080', '--hostname=web', scene.aci, '--memory=100M', '--exec=/bin/true']);
  for (const what of ['--hostname', '--port', 'isolator resource/memory']) assert.ok(stderr.includes(`warning: ${what} has no effect with stage1-fly`), what);
});
