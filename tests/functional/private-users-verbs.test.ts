/** What is done with pods that have a user namespace of their own: entering, networks, exporting, stopping, collecting. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { getXattr } from '#sys';
import { diffTrees, findPodLeaks, listTree, makeRichImage, needs, rktProgram, run } from '#tests/support';
import { openNetScene } from './net-pods.ts';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene, UUID } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const users = ['run', '--private-users', '--net=none'];
const sleeper = ['--exec=/bin/sleep', '--', '1000'];
const shiftOf = (scene: Scene, uuid: string, phase = 'run'): number =>
  Number(readFileSync(join(scene.home.dataDir, 'pods', phase, uuid, 'private-users-prepared'), 'utf8').split(':')[0]);

test('private users, enter, a command is in them, confined as the app', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, [...users, scene.aci, '--user=1000', '--caps-retain=CAP_CHOWN', ...sleeper]);
  const { stdout } = await scene.rkt(['enter', pod.uuid, 'sh', '-c', "id -u; cut -c1-10 /proc/self/uid_map; grep -E 'CapEff|CapBnd|Seccomp:' /proc/self/status; readlink /proc/self/ns/user"]);
  const [id, map, ...rest] = stdout.trim().split('\n');
  assert.deepEqual([id, map!.trim()], ['1000', '0']);
  const children = readFileSync(`/proc/${pod.process.pid}/task/${pod.process.pid}/children`, 'utf8').trim().split(' ');
  const app = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  const lines = readFileSync(`/proc/${app}/status`, 'utf8').split('\n').filter((line) => /^(CapEff|CapBnd|Seccomp):/.test(line));
  assert.deepEqual(rest, [...lines, readlinkSync(`/proc/${app}/ns/user`)]);
});

test('private users, enter on a terminal, gives the command one', needs('root', 'script'), async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, [...users, scene.aci, ...sleeper]);
  const command = [rktProgram(), ...scene.home.flags, 'enter', uuid, '/bin/sh', '-c', '"tty; exit 9"'].join(' ');
  const { status, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null']);
  assert.match(stdout, /\/dev\/pts\/\d+/);
  assert.equal(status, 9);
});

test('private users, interactive on a terminal, is the app\'s own', needs('root', 'script'), async () => {
  await using scene = openScene();
  const command = [rktProgram(), ...scene.home.flags, '--insecure-options=image', 'run', '--private-users', '--net=none', '--interactive', scene.aci, '--exec=/bin/sh', '--', '-c', '"tty; stat -c %u /dev/pts/0; exit 9"'].join(' ');
  const { status, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null']);
  assert.match(stdout, /\/dev\/pts\/0\s+(\^@)?0\s/);
  assert.equal(status, 9);
});

test('private users, list, status, stop and gc, are as for every pod, and leave nothing', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, [...users, scene.aci, ...shell("trap 'exit 5' TERM; touch /mine; sleep 1000 & wait")]);
  assert.equal((await scene.status(pod.uuid))['state'], 'running');
  assert.match((await scene.rkt(['list', '--no-legend'])).stdout, /\tbusybox\t.*\trunning\t/);
  await scene.rkt(['stop', pod.uuid]);
  assert.deepEqual(await pod.ended, { code: 0, signal: null });
  assert.equal((await scene.status(pod.uuid))['app-busybox'], '5');
  await scene.rkt(['gc', '--grace-period=0s']);
  for (const phase of ['run', 'exited-garbage', 'garbage']) assert.deepEqual(readdirSync(join(scene.home.dataDir, 'pods', phase)), []);
});

test('private users, SIGKILL of the supervisor, leaves no process, and gc the rest', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, [...users, scene.aci, ...sleeper]);
  const init = Number(readFileSync(join(scene.home.dataDir, 'pods/run', pod.uuid, 'pid'), 'utf8'));
  process.kill(pod.process.pid!, 'SIGKILL');
  await pod.ended;
  await scene.rkt(['status', '--wait=20s', pod.uuid]);
  assert.equal(existsSync(`/proc/${init}/root/.`), false);
  await scene.rkt(['rm', pod.uuid]);
});

test('private users, a network of plugins, belongs to the pod', needs('root', 'ip', 'iptables', 'nsenter'), async () => {
  await using scene = await openNetScene();
  const pod = await scene.startPod('--insecure-options=image,capabilities', '--private-users', '--net=default');
  const inside = await scene.rkt('enter', pod.uuid, 'sh', '-c', 'ip addr show eth0; ping -c1 -W5 172.16.28.1; ip route del default && ip link set eth0 down && echo mine');
  assert.match(inside.stdout, /inet 172\.16\.28\.\d+/);
  assert.match(inside.stdout, /1 packets received/);
  assert.match(inside.stdout, /mine\n$/);
  await scene.collect();
  assert.deepEqual((await scene.traces()).filter((trace) => trace.includes(pod.uuid)), []);
});

test('private users, a network of plugins, is reached through its ports', needs('root', 'ip', 'iptables', 'nsenter'), async () => {
  await using scene = await openNetScene();
  const { uuid } = await scene.startPod('--private-users', '--net=default', '--port=web:8080');
  const { stdout } = await scene.host.runOutside(['busybox', 'wget', '-qO-', `http://${scene.host.address.four}:8080/`]);
  assert.equal(stdout, `rkt-${uuid}\n`);
});

for (const copies of [[], ['--no-overlay']]) {
  const how = copies.length > 0 ? 'with copies' : 'with an overlay';

  test(`private users, export ${how}, has the owners and attributes that the app saw`, needs('root', 'umoci', 'tar'), async () => {
    await using scene = openScene();
    const { file } = scene.home;
    const expected = makeRichImage(file('layout'), file('work'));
    const image = `oci:${file('layout')}:v1`;
    // Every owner and attribute is copied up, and put back; two are of users that the pod does not have.
    const script = 'for f in /capable /setuid /etc/added; do chmod u+x $f; done; chown 33:44 /etc/added; rm -f /attributes; rmdir /run; true';
    await scene.insecure([...users, `--uuid-file-save=${file('uuid')}`, ...copies, image, '--user=0', '--group=0', '--exec=/bin/sh', '--', '-c', script]);
    const uuid = UUID.exec(readFileSync(file('uuid'), 'utf8'))![0];
    const shift = shiftOf(scene, uuid);
    const app = copies.length > 0 ? 'stage1/rootfs/opt/stage2/layout/rootfs' : readdirSync(join(scene.home.dataDir, 'pods/run', uuid, 'overlay')).map((tree) => `overlay/${tree}/upper/layout`)[0]!;
    const onDisk = (name: string): string => join(scene.home.dataDir, 'pods/run', uuid, app, name);
    assert.equal(lstatSync(onDisk('setuid')).uid, shift + 1000);
    assert.equal(lstatSync(onDisk('setuid')).mode & 0o7777, 0o6755);
    assert.equal(getXattr(onDisk('capable'), 'security.capability')!.readUInt32LE(20), shift);
    await scene.rkt(['export', uuid, file('out.aci')]);
    mkdirSync(file('out'));
    execFileSync('tar', ['-xzpf', file('out.aci'), '--numeric-owner', '--xattrs', '--xattrs-include=*', '-C', file('out')]);
    const changed = ['attributes', 'etc/added', 'etc', 'capable', 'etc/hostname', 'etc/hosts', 'etc/machine-id'].map((name) => `/${name}`);
    const differing = diffTrees(listTree(file('out/rootfs')), listTree(expected)).filter((line) => !changed.includes(line.split(':')[0]!) && !line.startsWith('/: '));
    assert.deepEqual(differing, []);
    const added = lstatSync(file('out/rootfs/etc/added'));
    assert.deepEqual([added.uid, added.gid], [33, 44]);
    assert.deepEqual(getXattr(file('out/rootfs/capable'), 'security.capability'), getXattr(join(expected, 'capable'), 'security.capability'));
  });
}

test('private users, a file system without ID-mapped mounts, is said, and copies work there', root, async () => {
  await using scene = openScene();
  // Its pods are gone with the mount: what they have elsewhere is collected before.
  const mounted = 'mount -t ramfs none "$0" && { "$@"; status=$?; "$1" --dir="$0" gc --grace-period=0s >/dev/null; exit $status; }';
  const rkt = (...args: string[]) => run('unshare', ['--mount', '--propagation=private', 'sh', '-c', mounted, scene.home.dataDir, rktProgram(), ...scene.home.flags, '--insecure-options=image', ...args]);
  const refused = await rkt(...users, scene.aci, ...shell('id -u'));
  assert.equal(refused.status, 254, refused.output);
  assert.match(refused.stderr, /--private-users with an overlay needs ID-mapped mounts, which \S+ cannot have/);
  assert.match(refused.stderr, /run the pod with --no-overlay as well/);
  const copied = await rkt(...users, '--no-overlay', `--uuid-file-save=${scene.home.file('uuid')}`, scene.aci, ...shell('id -u; stat -c %u /bin'));
  assert.equal(copied.stdout, '0\n0\n', copied.output);
  assert.deepEqual(findPodLeaks(readFileSync(scene.home.file('uuid'), 'utf8').trim()), []);
});
